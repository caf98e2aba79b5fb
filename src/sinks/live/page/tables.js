// Domains, rules, quarantine: the same numbers as the ledger has.
(() => {
  const page = window.sluice;
  const { h, set, put, section } = page;

  const table = (caption, titles) => {
    const body = h('tbody');
    const head = h('tr', {}, ...titles.map(([text, css]) => h('th', { scope: 'col', text, class: css })));
    const node = h('table', {}, h('caption', { class: 'visually-hidden', text: caption }), h('thead', {}, head), body);
    return { node: h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, node), body };
  };
  const texts = (nodes, values) => {
    for (const [i, text] of values.entries()) set(nodes[i], { text });
  };
  const cells = (titles) =>
    titles.map(([, css], i) => h(i === 0 ? 'th' : 'td', { class: css, scope: i === 0 ? 'row' : null }));
  const plainRow = (titles, values) => () => {
    const all = cells(titles);
    const node = h('tr', {}, ...all);
    return { node, update: (item) => texts(all, values(item)) };
  };

  // Domains.
  const n = 'number';
  const domainTitles = [
    ['Domain', ''],
    ['Read', n],
    ['Kept', n],
    ['Kept share', n],
    ['Text kept', n],
    ['Tokens kept', n],
    ['Of the output', n],
  ];
  const domains = table('Domains: what was read and kept', domainTitles);
  const domainSection = section('domains', 'Domains', domains.node);
  const showDomains = page.rows(
    domains.body,
    plainRow(domainTitles, (d) => [
      page.safe(d.domain || '(none)'),
      page.count(d.read.documents),
      page.count(d.kept.documents),
      page.percent(d.kept.documents, d.read.documents + (d.created?.documents ?? 0)),
      page.size(d.written.bytes),
      d.written.tokens > 0 ? page.tokens(d.written.tokens) : '–',
      page.percent(d.written.bytes, d.allWritten),
    ]),
  );
  page.watch(['domain/', 'totals'], () => {
    const all = page.cellsOf('domain/');
    const allWritten = all.reduce((sum, d) => sum + d.written.bytes, 0);
    const sorted = all
      .map((d) => ({ ...d, allWritten }))
      .sort((a, b) => b.read.bytes - a.read.bytes || (a.domain < b.domain ? -1 : 1));
    showDomains(sorted, (d) => d.domain);
    domainSection.show(sorted.length > 0);
  });

  // Rules.
  const ruleTitles = [
    ['Rule', ''],
    ['Step', ''],
    ['Drops where', ''],
    ['Dropped first', n],
    ['Share', n],
    ['Fail, of those that came', n],
    ['No value', n],
  ];
  const rules = table('Rules: what each drops', ruleTitles);
  const ruleSection = section('rules', 'Rules', rules.node);
  const showRules = page.rows(rules.body, () => {
    const all = cells(ruleTitles);
    const name = h('button', { type: 'button', class: 'link', onclick: () => page.onRule?.(item) });
    const label = h('span');
    let item = null;
    put(all[0], [name, label]);
    const node = h('tr', {}, ...all);
    return {
      node,
      update: (r) => {
        item = r;
        const can = Boolean(page.onRule) && numbers.has(r.column);
        set(name, { text: can ? page.safe(r.rule) : '', hidden: !can });
        set(label, { text: can ? '' : page.safe(r.rule) });
        const first = r.column ? `${r.column} ${r.comparison} ${page.value(r.threshold)}` : '';
        const condition = r.condition ?? first;
        const values = [
          page.safe(r.step),
          `${page.safe(condition)}${r.shadow ? ' (shadow: drops nothing)' : ''}`,
          page.count(r.dropped),
          page.percent(r.dropped, r.came),
          page.count(r.failed),
          page.count(r.nulls),
        ];
        texts(all.slice(1), values);
        set(node, { class: r.dropped === 0 && !(r.shadow && r.failed > 0) ? 'muted' : null });
      },
    };
  });
  let numbers = new Set();
  page.watch(['rule/', 'totals', 'step/', 'run'], () => {
    numbers = new Set(page.cell('run')?.annotations);
    const totals = page.cell('totals');
    const came = totals ? totals.read.documents + totals.created.documents : 0;
    const order = new Map(page.cellsOf('step/').map((s) => [s.step, s.index]));
    const sorted = page
      .cellsOf('rule/')
      .map((r) => ({ ...r, came }))
      .sort(
        (a, b) =>
          b.dropped - a.dropped ||
          (b.shadow ? b.failed : 0) - (a.shadow ? a.failed : 0) ||
          order.get(a.step) - order.get(b.step) ||
          (a.rule < b.rule ? -1 : 1),
      );
    showRules(sorted, (r) => `${r.step}.${r.rule}`);
    ruleSection.show(sorted.length > 0);
  });

  // Quarantine.
  const reasonTitles = [
    ['Reason', ''],
    ['Documents', n],
  ];
  const reasons = table('Quarantine: why records could not be read', reasonTitles);
  const exampleList = h('ul', { class: 'examples' });
  const quarantine = section('quarantine', 'Quarantine', reasons.node, exampleList);
  const showReasons = page.rows(
    reasons.body,
    plainRow(reasonTitles, ([reason, count]) => [page.safe(reason), page.count(count)]),
  );
  page.watch(['quarantine'], () => {
    const q = page.cell('quarantine');
    quarantine.show(Boolean(q && q.records > 0));
    if (!q) return;
    showReasons(
      Object.entries(q.byReason).sort((a, b) => b[1] - a[1]),
      ([reason]) => reason,
    );
    put(
      exampleList,
      q.examples.map((e) =>
        h(
          'li',
          {},
          h('code', { text: page.safe(e.position) }),
          h('span', { text: ` ${page.safe(e.reason)}: ` }),
          h('q', { text: page.excerpt(e.excerpt, 160) }),
        ),
      ),
    );
  });
})();
