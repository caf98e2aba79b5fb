// Curves: all points of a pixel that matter, asked again for every zoom.
(() => {
  const page = window.sluice;
  const { h, set, put, section } = page;
  const holder = h('div', { class: 'curves' });
  const hint = h('p', {
    class: 'muted',
    text: 'Drag over a curve to zoom in; double click, or Escape, for all of it.',
  });
  const { show } = section('curves', 'Curves', holder, hint);
  const charts = [];
  /** More points than this that came one by one are asked for anew as pixels. */
  const MOST_ADDED = 600;
  const LINES = 8;
  const UNITS = {
    'bytes/s': (v) => `${page.size(v)}/s`,
    bytes: page.size,
    share: (v) => `${Math.round(1000 * v) / 10} %`,
    'documents/s': (v) => `${page.value(v)}/s`,
    number: page.value,
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (s) => (s < 100 ? `${Math.round(10 * s) / 10} s` : page.duration(s));

  /** A chart that fetches what it shows. `ask(query)` answers like `/api/curve`; `next(cell)` makes points as they come. */
  page.chart = ({ title, unit, ask, next = null, xText = clock, lines = null }) => {
    const heading = h('h3', { text: title });
    const now = h('span', { class: 'now' });
    const plot = h('div', { class: 'plot', tabindex: '0', role: 'img' });
    const note = h('p', { class: 'muted small' });
    const keys = h('p', { class: 'legend', hidden: lines === null });
    const node = h('figure', { class: 'curve' }, h('figcaption', {}, heading, now), plot, keys, note);
    if (lines)
      put(
        keys,
        lines.map(({ label }, i) => h('span', { class: `key line-${i % LINES}`, text: page.safe(label) })),
      );
    const text = UNITS[unit] ?? page.value;
    const chart = { node, data: [[], []], zoomed: null, added: 0, drawn: null, busy: false };
    const width = () => Math.max(240, Math.floor(plot.clientWidth || 520));

    const options = () => {
      const axis = {
        stroke: colour('--muted'),
        grid: { stroke: colour('--line'), width: 1 },
        ticks: { stroke: colour('--line'), width: 1 },
        font: '12px system-ui, "DejaVu Sans", sans-serif',
      };
      return {
        width: width(),
        height: 150,
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
        scales: {
          x: { time: false },
          y: {
            range: (_, least, most) => (least === null ? [0, 1] : [Math.min(0, least), most > 0 ? 1.08 * most : 1]),
          },
        },
        axes: [
          { ...axis, size: 30, space: 80, values: (_, ticks) => ticks.map(xText) },
          { ...axis, size: 84, values: (_, ticks) => ticks.map(unit === 'number' ? page.compact : text) },
        ],
        series: [
          {},
          ...(lines ?? [{ label: title }]).map((_, i) => ({
            stroke: lines ? colour(`--line-${i % LINES}`) : colour('--accent'),
            width: 1.5,
            spanGaps: lines !== null,
            points: { show: false },
          })),
        ],
        hooks: {
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              chart.zoomed = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              chart.load();
            },
          ],
          setCursor: [(u) => set(now, { text: valueAt(u.cursor.idx) })],
        },
      };
    };
    const valueAt = (i) => {
      if (lines) return i === null || i === undefined ? '' : xText(chart.data[0][i] ?? 0);
      const last = chart.data[0].length - 1;
      const at = i ?? last;
      const y = chart.data[1][at];
      if (at < 0 || y === null || y === undefined) return '';
      return i === null || i === undefined || i === last ? text(y) : `${text(y)} at ${xText(chart.data[0][at])}`;
    };
    const range = () => chart.zoomed ?? [chart.data[0][0], chart.data[0].at(-1)];
    chart.draw = () => {
      const [x] = chart.data;
      const y = chart.data.slice(1).flat();
      if (x.length < 2) return;
      if (chart.drawn === null) chart.drawn = new uPlot(options(), chart.data, plot);
      else chart.drawn.setData(chart.data, false);
      const [min, max] = range();
      chart.drawn.setScale('x', { min, max });
      const known = y.filter((v) => v !== null && v !== undefined);
      const [least, most] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      const label = `${title}: between ${text(least)} and ${text(most)}`;
      set(plot, { 'aria-label': known.length > 0 ? label : title });
      set(now, { text: valueAt(null) });
    };
    chart.load = async () => {
      if (chart.busy) return;
      chart.busy = true;
      try {
        const [from, to] = chart.zoomed ?? [null, null];
        const query = { from, to, pixels: width() };
        const all = await Promise.all((lines ?? [{ ask }]).map((line) => line.ask(query)));
        const found = all.reduce((most, f) => (f.points > most.points ? f : most));
        chart.data = lines ? uPlot.join(all.map((f) => [f.x, f.y])) : [found.x, found.y];
        chart.added = 0;
        set(note, {
          text: chart.zoomed ? `${page.count(found.points)} points, each least and most of them drawn` : '',
        });
        set(node, { hidden: chart.data[0].length < 2 });
        chart.draw();
      } catch (error) {
        set(note, { text: error.message });
      } finally {
        chart.busy = false;
      }
    };
    chart.add = (cell) => {
      const point = next?.(cell);
      if (!point || chart.zoomed || chart.busy) return;
      const [x, y] = chart.data;
      if (x.length > 0 && point[0] <= x.at(-1)) return;
      x.push(point[0]);
      y.push(point[1]);
      set(node, { hidden: x.length < 2 });
      if (++chart.added > MOST_ADDED) chart.load();
      else chart.draw();
    };
    chart.whole = () => {
      if (!chart.zoomed) return;
      chart.zoomed = null;
      chart.load();
    };
    chart.restyle = () => {
      chart.drawn?.destroy();
      chart.drawn = null;
      chart.draw();
    };
    plot.addEventListener('dblclick', chart.whole);
    plot.addEventListener('keydown', (e) => {
      const [x] = chart.data;
      if (e.key === 'Escape') chart.whole();
      if ((e.key === '+' || e.key === '=') && x.length > 2) {
        const [a, b] = range();
        chart.zoomed = [a + (b - a) / 4, b - (b - a) / 4];
        chart.load();
      }
    });
    new ResizeObserver(() => chart.drawn?.setSize({ width: width(), height: 150 })).observe(plot);
    charts.push(chart);
    return chart;
  };
  page.onTheme = () => {
    for (const c of charts) c.restyle();
  };

  // Those of the run.
  let before = null;
  const perSecond = (of) => (s) =>
    before && s.t > before.t ? [s.t, Math.max(0, of(s) - of(before)) / (s.t - before.t)] : null;
  const next = {
    rate: perSecond((s) => s.doneBytes),
    kept: (s) => {
      if (!before) return null;
      const [kept, dropped] = [s.kept - before.kept, s.dropped - before.dropped];
      // Before the last phase nothing is kept yet.
      const p = page.cell('progress');
      const decides = kept + dropped > 0 && !(p && p.phaseNumber < p.phases - 1);
      return [s.t, decides ? kept / (kept + dropped) : null];
    },
    quarantine: perSecond((s) => s.quarantined),
    memory: (s) => (before ? [s.t, s.memoryBytes] : null),
  };
  let own = null;
  const begin = async () => {
    const curves = await page.api('curves');
    own = Object.entries(curves).map(([name, { title, unit }]) =>
      page.chart({
        title,
        unit,
        next: next[name],
        ask: (query) => page.api('curve', page.data ? { name } : { name, ...query }),
      }),
    );
    put(
      holder,
      own.map((c) => c.node),
    );
    await Promise.all(own.map((c) => c.load()));
    showCurves();
  };
  /** A run that was over too soon has no curve with two points. */
  const showCurves = () => show(own.some((c) => c.data?.[0].length >= 2));
  show(false);
  page.watch(['sample'], () => {
    const sample = page.cell('sample');
    if (!sample) return;
    if (own === null) {
      own = [];
      begin().catch(() => show(false)); // An exported page without curves.
    } else if (!before || sample.t > before.t) {
      for (const c of own) c.add(sample);
      if (own.length > 0) showCurves();
    }
    before = sample;
  });
})();
