// Bias: which domains, lengths, languages and periods the rules hit harder; asked for when it is opened.
(() => {
  const page = window.sluice;
  const { h, put, section } = page;

  const body = h('div', { class: 'answer' });
  const details = h(
    'details',
    { ontoggle: () => details.open && load() },
    h('summary', { text: 'Which groups the rules hit harder than others' }),
    body,
  );
  const bias = section('bias', 'Bias', details);
  page.watch(['run'], () => bias.show(Boolean(page.cell('run'))));

  const number = { class: 'number' };
  const row = (overall) => (g) =>
    h(
      'tr',
      // Told from all documents by more than chance.
      { class: !g.few && (g.low > overall || g.high < overall) ? null : 'muted' },
      h('th', { scope: 'row', text: page.safe(g.group || '(none)') }),
      h('td', { ...number, text: page.count(g.documents) }),
      h('td', { ...number, text: page.percent(g.dropped, g.documents) }),
      h('td', { ...number, text: `${page.percent(g.low, 1)} to ${page.percent(g.high, 1)}` }),
      h('td', { ...number, text: g.ratio === 0 ? '–' : `${g.ratio.toFixed(2)} ×` }),
      h('td', { class: 'muted', text: g.few ? 'too few to tell' : '' }),
    );
  const titles = ['', 'Documents', 'Dropped', '95 % range', 'Of all', ''];

  function table({ by, step, rule, documents, dropped, groups }) {
    const what = rule === null ? 'All rules together' : `${step}.${rule}`;
    const overall = documents === 0 ? 0 : dropped / documents;
    const caption = `${page.safe(what)} by ${by}: ${page.percent(dropped, documents)} of all documents`;
    const head = h(
      'tr',
      {},
      ...titles.map((text) => (text === '' ? h('td') : h('th', { scope: 'col', text, class: 'number' }))),
    );
    return h(
      'table',
      {},
      h('caption', { text: caption }),
      h('thead', {}, head),
      h('tbody', {}, ...groups.map(row(overall))),
    );
  }

  async function load() {
    try {
      const found = (await page.api('bias')).filter((b) => b.dropped > 0 && b.groups.length > 1);
      const none = h('p', { text: 'Nothing was dropped, or there is one group only.' });
      put(body, found.length === 0 ? [none] : found.map((b) => h('div', { class: 'scroll', tabindex: '0' }, table(b))));
    } catch (error) {
      put(body, [h('p', { role: 'alert', text: page.safe(error.message) })]);
    }
  }
})();
