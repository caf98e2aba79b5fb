// Alerts: what changed in the middle of the run, and where.
(() => {
  const page = window.sluice;
  const { h, set, section } = page;

  const alertList = h('ul', { class: 'alerts' });
  const alerts = section('alerts', 'Alerts', alertList);
  const showAlerts = page.rows(alertList, () => {
    const text = h('p');
    const place = h('code');
    const node = h('li', { class: 'alert' }, text, place);
    return {
      node,
      update: (a) => {
        set(node, { 'data-type': a.type });
        set(text, { text: page.safe(a.sentence) });
        set(place, { text: a.from ? page.safe(a.from) : '', hidden: !a.from });
      },
    };
  });
  page.watch(['alerts', 'guards'], () => {
    const found = page.cell('alerts') ?? [];
    const near = (page.cell('guards') ?? [])
      .filter((g) => g.state === 'near' || g.state === 'outside')
      .map((g) => ({
        id: `guard/${g.guard}/${g.of}`,
        type: 'guard',
        from: null,
        sentence: `Guard ${g.guard} of ${g.of}: ${page.percent(g.documents, g.outOf)} of ${page.count(g.outOf)} documents, at most ${page.percent(g.max, 1)} expected.`,
      }));
    alerts.show(found.length + near.length > 0);
    showAlerts([...near, ...found.slice(-50)], (a) => a.id);
  });
})();
