// What moved thresholds would change: a table by domain, and documents on either side.
(() => {
  const page = window.sluice;
  const { h, put } = page;

  const signed = (n, text) => (n === 0 ? '' : `${n > 0 ? '+' : '−'} ${text(Math.abs(n))}`);
  const range = (least, more) =>
    more > 0 ? `${page.count(least)} to ${page.count(least + more)}` : least > 0 ? page.count(least) : '';
  const change = ({ kept, open, before }) => {
    const least = kept.documents - before.documents;
    if (open.documents === 0) return signed(least, page.count);
    const most = least + open.documents;
    return `${signed(least, page.count) || '0'} to ${signed(most, page.count) || '0'}`;
  };
  const documents = (n) => `${page.count(n)} ${n === 1 ? 'document is' : 'documents are'}`;
  let list = 0;
  /** Puts the answer into a node; `fail` is told when documents cannot be had. */
  page.showChanges = (answer, found, fail) => {
    const { total, domains, exact, open, settings } = found;
    const tokens = total.read.tokens !== null;
    const without = tokens ? '' : ' No step of this run has counted tokens.';
    const head = ['Domain', 'Kept now', 'Kept then', 'Change', tokens ? 'Tokens then' : 'Text then', 'Lost', 'Saved'];
    const amount = (a) => (tokens ? page.tokens(a.tokens) : page.size(a.bytes));
    const row = (d, tag) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row', text: page.safe(d.domain || '(none)') }),
        ...[
          page.count(d.before.documents),
          range(d.kept.documents, d.open.documents) || '0',
          change(d),
          amount(d.kept),
          d.lost.documents > 0 ? page.count(d.lost.documents) : '',
          range(d.saved.documents, d.perhaps.documents),
        ].map((text) => h(tag, { class: 'number', text })),
      );
    const unsure = exact
      ? `Exact, by the ${page.count(found.rows)} rows of the ledger; ${found.milliseconds} ms.`
      : `Not exact: ${[
          ...open.map((o) => `${documents(o.documents)} not judged by ${o.step}`),
          ...found.contradictions.map(
            (c) => `${page.count(c.documents)} decisions of ${c.step} do not follow from its values`,
          ),
          found.displacing > 0 ? `${page.count(found.displacing)} documents may take the place of kept ones` : '',
          found.skipped.length > 0 ? `${found.skipped.join(', ')} did not run` : '',
        ]
          .filter(Boolean)
          .join('; ')}.`;
    const set = settings
      .filter(Boolean)
      .map((s) => `--set ${s}`)
      .join(' ');
    const of = found.recut ? `--recut ${/^[\w./-]+$/.test(found.recut) ? found.recut : `'${found.recut}'`}` : '…';
    const sides = h('div', { class: 'sides' });
    put(answer, [
      h('p', { class: 'muted', text: page.safe(unsure + without) }),
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          { id: 'what-if' },
          h(
            'thead',
            {},
            h('tr', {}, ...head.map((text, i) => h('th', { scope: 'col', class: i > 0 ? 'number' : null, text }))),
          ),
          h('tbody', {}, row(total, 'td'), ...domains.map((d) => row(d, 'td'))),
        ),
      ),
      set ? h('p', {}, 'To make it so: ', h('code', { text: page.safe(`sluice run ${of} ${set}`) })) : null,
      sides,
    ]);
    examples(found, sides, ++list, fail);
  };

  // The documents that change sides; asked for when the hand rests.
  const examples = (found, sides, mine, fail) => {
    setTimeout(async () => {
      if (mine !== list) return;
      try {
        const [lost, saved, perhaps] = await Promise.all(
          [found.lost, found.saved, found.perhaps].map((rows) =>
            rows.length > 0 ? page.api('rows', { rows: rows.slice(0, 8).join(',') }) : [],
          ),
        );
        const judges = page.safe(found.open.map((o) => o.step).join(', '));
        const unless = perhaps.length > 0 ? [side(`Saved unless ${judges} drops them`, perhaps)] : [];
        const own = saved.length > 0 || unless.length === 0 ? [side('Just saved', saved)] : [];
        if (mine === list) put(sides, [side('Just lost', lost), ...own, ...unless]);
      } catch (error) {
        fail(error);
      }
    }, 250);
  };
  const side = (title, documents) =>
    h(
      'div',
      {},
      h('h3', { text: title }),
      documents.length === 0 ? h('p', { class: 'muted', text: 'none' }) : null,
      h(
        'ul',
        { class: 'examples' },
        ...documents.map((d) =>
          h(
            'li',
            {},
            page.documentLink(d),
            h('span', { class: 'muted', text: ` ${page.safe(d.domain ?? '')} ` }),
            h('q', { text: page.excerpt(d.excerpt, 140) }),
          ),
        ),
      ),
    );
})();
