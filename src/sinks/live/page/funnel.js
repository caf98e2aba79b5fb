// Read, each step, kept: how many documents come through, and where the time goes.
(() => {
  const page = window.sluice;
  const { h, set, put, section } = page;

  const legend = h(
    'p',
    { class: 'legend' },
    h('span', { class: 'key busy', text: 'at work' }),
    h('span', { class: 'key waiting', text: 'waiting for input' }),
    h('span', { class: 'key held', text: 'held back by what follows' }),
    h('span', { class: 'muted', text: 'shares of the time of the threads, in the phase of the step' }),
  );
  const list = h('ol', { class: 'funnel' });
  section('funnel', 'Funnel', legend, list);

  const shareBar = () => {
    const parts = ['busy', 'waiting', 'held'].map((name) => h('i', { class: name }));
    const node = h('span', { class: 'shares', role: 'img' }, ...parts);
    return {
      node,
      show: (shares) => {
        set(node, { 'data-none': !shares });
        if (!shares) return;
        const all = [shares.busy, shares.waiting, shares.heldBack];
        for (const [i, part] of parts.entries()) part.style.setProperty('width', `${100 * all[i]}%`);
        const [b, w, r] = all.map((s) => `${Math.round(100 * s)} %`);
        const text = `at work ${b}, waiting for input ${w}, held back ${r}`;
        set(node, { 'aria-label': text, title: text });
      },
    };
  };

  const domainRow = ([domain, [documents, bytes, tokens]]) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: page.safe(domain) }),
      h('td', { text: page.count(documents) }),
      h('td', { text: page.size(bytes) }),
      h('td', { text: tokens > 0 ? page.tokens(tokens) : '–' }),
    );

  const make = () => {
    const name = h('strong');
    const does = h('small', { class: 'muted' });
    const fill = h('i');
    const bar = h('span', { class: 'through', 'aria-hidden': 'true' }, fill);
    const documents = h('span', { class: 'number' });
    const lost = h('span', { class: 'lost-here' });
    const shares = shareBar();
    const busy = h('span', { class: 'number busy-share' });
    const body = h('tbody');
    const what = h('th', { scope: 'col' });
    const head = [what, ...['Documents', 'Text', 'Tokens'].map((text) => h('th', { scope: 'col', text }))];
    const table = h('table', { class: 'compact' }, h('thead', {}, h('tr', {}, ...head)), body);
    const summary = h(
      'summary',
      { class: 'funnel-row' },
      h('span', { class: 'who' }, name, does),
      bar,
      documents,
      lost,
      shares.node,
      busy,
    );
    const details = h('details', {}, summary, table);
    const node = h('li', {}, details);
    return {
      node,
      update: (row) => {
        set(name, { text: page.safe(row.name) });
        set(does, { text: row.does });
        fill.style.setProperty('width', `${row.all > 0 ? (100 * row.documents) / row.all : 0}%`);
        set(documents, { text: page.count(row.documents), title: `${page.size(row.bytes)} of text` });
        set(lost, {
          text: row.dropped > 0 ? `− ${page.count(row.dropped)}` : '',
          title: row.dropped > 0 ? page.percent(row.dropped, row.all) : '',
        });
        shares.show(row.shares);
        set(busy, { text: row.shares ? `${Math.round(100 * row.shares.busy)} %` : '' });
        set(node, { 'data-bottleneck': row.bottleneck });
        set(details, { 'data-empty': row.domains.length === 0 });
        const heads = { read: 'Read, by domain', kept: 'Kept, by domain' };
        set(what, { text: heads[row.key] ?? 'Dropped, by domain' });
        put(body, row.domains.map(domainRow));
      },
    };
  };
  const show = page.rows(list, make);

  page.watch(['step/', 'place/', 'totals', 'bottleneck', 'run', 'domain/'], () => {
    const totals = page.cell('totals');
    if (!totals) return;
    const { read, created, kept, written } = totals;
    const all = read.documents + created.documents;
    const place = page.cell('bottleneck')?.place;
    const places = page.cellsOf('place/');
    const phases = Math.max(0, ...places.map((p) => p.phase));
    const ofDomains = (key) =>
      page
        .cellsOf('domain/')
        .filter((d) => d[key].documents > 0)
        .sort((a, b) => b[key].bytes - a[key].bytes)
        .map((d) => ({ documents: d[key].documents, ...(key === 'kept' ? d.written : d.read), domain: d.domain }))
        .map((d) => [d.domain, [d.documents, d.bytes, d.tokens]]);
    const sum = (name) =>
      places.find((p) => p.place === name && p.phase === (name === 'read' ? 0 : phases))?.shares ?? null;
    const steps = page.cellsOf('step/').sort((a, b) => a.index - b.index);
    const rows = [
      {
        key: 'read',
        name: 'read',
        does: 'the input',
        documents: all,
        bytes: read.bytes,
        dropped: page.cell('quarantine')?.documents ?? 0,
        shares: sum('read'),
        domains: ofDomains('read'),
      },
      ...steps.map((s) => ({
        key: `step ${s.index}`,
        name: s.step,
        does: s.does,
        documents: Math.max(0, s.came.documents - s.dropped.documents),
        bytes: Math.max(0, s.came.bytes - s.dropped.bytes),
        dropped: s.dropped.documents,
        shares: s.shares,
        domains: Object.entries(s.domains),
      })),
      {
        key: 'kept',
        name: 'kept',
        does: 'written',
        documents: kept.documents,
        bytes: written.bytes,
        dropped: 0,
        shares: sum('write'),
        domains: ofDomains('kept'),
      },
    ];
    const names = { read: 'read', write: 'kept' };
    for (const row of rows) {
      row.all = all;
      row.bottleneck = place !== undefined && (names[place] ?? place) === row.name;
    }
    show(rows, (row) => row.key);
  });
})();
