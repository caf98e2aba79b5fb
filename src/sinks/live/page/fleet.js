// The shards of a run on many nodes: who works, who is silent or slow, and what failed.
(() => {
  const page = window.sluice;
  const { h, put, section } = page;
  const number = { class: 'number' };
  const head = (titles) =>
    h(
      'thead',
      {},
      h('tr', {}, ...titles.map((text, i) => h('th', { scope: 'col', class: i ? 'number' : null, text }))),
    );
  const about = h('p', { class: 'muted' });
  const phases = h('tbody');
  const tasks = h('tbody');
  const more = h('p', { class: 'muted' });
  const table = (titles, body) => h('div', { class: 'scroll', tabindex: '0' }, h('table', {}, head(titles), body));
  const begun = table(['Shard', 'State', 'Attempt', 'Done', 'Documents/s', 'Machine', 'Why'], tasks);
  const begunTitle = h('h3', { text: 'Shards that somebody has begun' });
  const { show } = section(
    'shards',
    'Shards',
    about,
    table(['Phase', 'Done', 'Running', 'Silent', 'Failed', 'Open'], phases),
    begunTitle,
    begun,
    more,
  );
  show(false);

  const phaseRow = ({ phase, tasks: all, byState: s }) => {
    const open = s.open + s.stopped;
    const shown = [`${page.count(s.done)} of ${page.count(all)}`, s.running + s.claimed, s.silent, s.failed, open];
    return h(
      'tr',
      {},
      h('th', { scope: 'row', text: phase }),
      ...shown.map((n) => h('td', { ...number, text: `${n}` })),
    );
  };
  const why = (t) =>
    [
      t.error ?? '',
      ...t.poison.map((p) => `died ${p.deaths} times at split ${p.split}: ${p.files.slice(0, 3).join(', ')}`),
    ]
      .filter(Boolean)
      .join('; ');
  const taskRow = (t) => {
    const pace = t.documentsPerSecond === null ? '–' : page.count(Math.round(t.documentsPerSecond));
    const by = t.by ? `${t.by.host} process ${t.by.pid}` : '–';
    const texts = [
      t.slow ? `${t.state}, slow` : t.state,
      `${t.attempts}`,
      `${page.count(t.splits)} of ${page.count(t.outOf)}`,
      pace,
      page.safe(by),
      page.safe(why(t)),
    ];
    const cells = texts.map((text, i) => h('td', { ...(i < 5 ? number : {}), text }));
    return h('tr', {}, h('th', { scope: 'row', text: page.count(t.task) }), ...cells);
  };

  page.watch(['fleet'], () => {
    const f = page.cell('fleet');
    show(Boolean(f));
    if (!f) return;
    const eta = f.etaSeconds === null ? '' : ` The slowest that runs needs about ${page.duration(f.etaSeconds)}.`;
    const now = f.next === null ? 'Every phase is done: sluice finish is next.' : `In work: ${f.next}.${eta}`;
    about.textContent = `${page.count(f.splits)} splits in ${page.count(f.shards)} logical shards. ${now}`;
    put(phases, f.phases.map(phaseRow));
    put(tasks, f.tasks.map(taskRow));
    begun.hidden = begunTitle.hidden = f.tasks.length === 0;
    more.textContent = f.more > 0 ? `And ${page.count(f.more)} more shards.` : '';
  });
})();
