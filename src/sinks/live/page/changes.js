// What moved thresholds would change: a table by domain, and documents on either side.
(() => {
  const page = window.sluice;
  const { h, put } = page;

  const signed = (n, text) => (n === 0 ? '' : `${n > 0 ? '+' : '−'} ${text(Math.abs(n))}`);
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
          `${page.count(d.kept.documents)}${d.open.documents > 0 ? ` to ${page.count(d.kept.documents + d.open.documents)}` : ''}`,
          signed(d.kept.documents - d.before.documents, page.count),
          amount(d.kept),
          d.lost.documents > 0 ? page.count(d.lost.documents) : '',
          d.saved.documents > 0 ? page.count(d.saved.documents) : '',
        ].map((text) => h(tag, { class: 'number', text })),
      );
    const unsure = exact
      ? `Exact, by the ${page.count(found.rows)} rows of the ledger; ${found.milliseconds} ms.`
      : `Not exact: ${[
          ...open.map((o) => `${page.count(o.documents)} documents are not judged by ${o.step}`),
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
        const [lost, saved] = await Promise.all(
          [found.lost, found.saved].map((rows) =>
            rows.length > 0 ? page.api('rows', { rows: rows.slice(0, 8).join(',') }) : [],
          ),
        );
        if (mine === list) put(sides, [side('Just lost', lost), side('Just saved', saved)]);
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
