// What a feed draws by, and what a training reports: weights, epochs, losses.
(() => {
  const page = window.sluice;
  const { h, put, section } = page;
  const stepText = (s) => `step ${page.count(s)}`;
  const curve = (name) => (query) => page.api('side-curve', page.data ? { name } : { name, ...query });
  /** Charts are asked for again at most so often. */
  const EVERY_MS = 2000;

  const keeper = () => {
    let [charts, due] = [[], 0];
    return {
      set: (made) => {
        charts = made;
        due = performance.now() + EVERY_MS;
        for (const c of charts) c.load();
      },
      stale: () => {
        if (performance.now() < due) return;
        due = performance.now() + EVERY_MS;
        for (const c of charts) if (!c.zoomed) c.load();
      },
    };
  };

  // The mixture of a feed.
  const table = h('tbody');
  const heads = ['Domain', 'Weight', 'Epochs', 'Sequences', 'Loss'];
  const charts = h('div', { class: 'curves' });
  const changes = h('ol', { class: 'changes' });
  const about = h('p', { class: 'muted' });
  const mixture = section(
    'mixture',
    'Mixture',
    about,
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h('tr', {}, ...heads.map((text, i) => h('th', { scope: 'col', class: i ? 'number' : null, text }))),
        ),
        table,
      ),
    ),
    charts,
    h('h3', { text: 'What changed the weights' }),
    changes,
  );
  mixture.show(false);
  const kept = keeper();
  let names = '';
  const share = (w) => `${Math.round(1000 * w) / 10} %`;
  page.watch(['mixture'], () => {
    const m = page.cell('mixture');
    mixture.show(Boolean(m));
    if (!m) return;
    if (!page.cell('run')) {
      document.getElementById('name').textContent = `mixture by ${page.safe(m.scheduler)}`;
      document.getElementById('status').textContent = stepText(m.step);
    }
    about.textContent = `Scheduler ${page.safe(m.scheduler)}; losses act ${m.lag} steps later; ${page.count(m.step)} steps drawn.`;
    put(
      table,
      m.domains.map((d) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row', text: page.safe(d.domain || '(none)') }),
          ...[share(d.weight), page.value(d.epochs), page.count(d.sequences), page.value(d.loss)].map((text) =>
            h('td', { class: 'number', text }),
          ),
        ),
      ),
    );
    put(
      changes,
      m.changes.map((c) =>
        h(
          'li',
          {},
          h('strong', { text: stepText(c.step) }),
          ` ${c.weights.map((w, i) => `${page.safe(m.domains[i].domain)} ${share(w)}`).join(', ')} `,
          h('span', { class: 'muted', text: `by ${page.safe(c.because)}` }),
        ),
      ),
    );
    const key = m.domains.map((d) => d.domain).join('\n');
    if (key === names) return kept.stale();
    names = key;
    const lines = (of) =>
      m.domains.map((d) => ({
        label: d.domain || '(none)',
        // A domain of which no loss was posted has no curve.
        ask: (q) => curve(`mixture/${of}/${d.domain}`)(q).catch(() => ({ x: [], y: [], points: 0 })),
      }));
    const made = [
      ['weight', 'Weights', 'share'],
      ['loss', 'Losses', 'number'],
      ['epochs', 'Epochs', 'number'],
    ].map(([of, title, unit]) => page.chart({ title, unit, xText: stepText, lines: lines(of) }));
    put(
      charts,
      made.map((c) => c.node),
    );
    kept.set(made);
  });

  // A training.
  const trainingCharts = h('div', { class: 'curves' });
  const last = h('p', { class: 'muted' });
  const training = section('training', 'Training', last, trainingCharts);
  training.show(false);
  const keptTraining = keeper();
  let columns = '';
  page.watch(['training'], () => {
    const t = page.cell('training');
    training.show(Boolean(t));
    if (!t) return;
    if (!page.cell('run') && !page.cell('mixture')) document.getElementById('name').textContent = 'training';
    last.textContent = Object.entries(t.last)
      .filter(([, v]) => v !== null)
      .slice(0, 8)
      .map(([k, v]) => `${page.safe(k)} ${page.value(v)}`)
      .join(' · ');
    const key = t.columns.join('\n');
    if (key === columns) return keptTraining.stale();
    columns = key;
    // `loss/books` and `loss/web` are lines of one chart.
    const groups = new Map();
    for (const c of t.columns.slice(1)) {
      const slash = c.indexOf('/');
      const group = slash < 0 ? c : `${c.slice(0, slash)} by domain`;
      groups.set(group, [...(groups.get(group) ?? []), { label: slash < 0 ? c : c.slice(slash + 1), column: c }]);
    }
    const made = [...groups].map(([title, own]) =>
      own.length === 1 && !own[0].column.includes('/')
        ? page.chart({ title, unit: 'number', xText: stepText, ask: curve(`training/${own[0].column}`) })
        : page.chart({
            title,
            unit: 'number',
            xText: stepText,
            lines: own.map(({ label, column }) => ({ label, ask: curve(`training/${column}`) })),
          }),
    );
    put(
      trainingCharts,
      made.map((c) => c.node),
    );
    keptTraining.set(made);
  });
})();
