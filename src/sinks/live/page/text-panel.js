// The text of a document, with what was cut or differs marked in it.
(() => {
  const page = window.sluice;
  const { h } = page;

  const pieces = (t, names) =>
    h(
      'pre',
      { tabindex: '0' },
      ...t.pieces.map((p) =>
        p.mark === null
          ? document.createTextNode(page.safe(p.text))
          : h('mark', { class: names[p.mark] ?? 'cut', title: page.safe(p.mark), text: page.safe(p.text) }),
      ),
    );
  page.textPanel = (title, t, names = {}) => {
    const part = t.shown < t.bytes ? `The first ${page.size(t.shown)} of ${page.size(t.bytes)}.` : '';
    const note = [
      t.missing ? `The whole text cannot be read again: ${t.missing}. This is its beginning, from the ledger.` : '',
      part,
    ]
      .filter(Boolean)
      .join(' ');
    return h(
      'div',
      { class: 'panel' },
      h('h3', { text: title }),
      note ? h('p', { class: 'muted', text: page.safe(note) }) : null,
      pieces(t, names),
    );
  };
  page.cleanedText = (t) => ({ ...t, missing: null, pieces: t.pieces.filter((p) => p.mark === null) });
})();
