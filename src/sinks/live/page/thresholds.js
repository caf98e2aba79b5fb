// Histograms, thresholds that can be dragged, and what would be kept then.
(() => {
  const page = window.sluice;
  const { h, set, put, section } = page;
  const SVG = 'http://www.w3.org/2000/svg';
  const svg = (tag, props = {}) => {
    const node = document.createElementNS(SVG, tag);
    for (const [k, v] of Object.entries(props)) node.setAttribute(k, v);
    return node;
  };
  const WIDTH = 900;
  const HEIGHT = 190;
  const BASE = 166;
  /** `step.rule` -> threshold; what has been moved. */
  const moved = new Map();
  let shown = null;

  const choose = h('select', { id: 'column' });
  const scale = h('p', { class: 'muted small', text: 'Its values are here once a split is committed.' });
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'histogram empty', role: 'group' });
  const sliders = h('div', { class: 'sliders' });
  const reset = h('button', { type: 'button', text: 'All thresholds as they were', onclick: () => setAll(new Map()) });
  const answer = h('div', { class: 'answer', 'aria-live': 'polite' });
  const words = 'In this file thresholds stand still. To move them: sluice serve <run-dir>';
  const still = page.data ? h('p', { class: 'muted', id: 'still', text: words }) : null;
  const wrong = h('p', { class: 'error', role: 'alert', hidden: true });
  const { show } = section(
    'thresholds',
    'Thresholds',
    h('p', { class: 'row' }, h('label', { for: 'column', text: 'Annotation ' }), choose, reset),
    picture,
    scale,
    sliders,
    still,
    wrong,
    answer,
  );
  show(false);
  reset.hidden = true;

  const fail = (error) => set(wrong, { hidden: !error, text: error ? page.safe(error.message) : '' });

  // The axis, from values to the picture and back.
  const axisOf = (edges, logarithmic) => {
    const [a, b] = [edges[0], edges.at(-1)];
    const f = logarithmic ? Math.log : (v) => v;
    const g = logarithmic ? Math.exp : (v) => v;
    const [fa, fb] = [f(a), f(b)];
    return {
      x: (v) => (logarithmic && v <= 0 ? 0 : Math.min(WIDTH, Math.max(0, ((f(v) - fa) / (fb - fa)) * WIDTH))),
      v: (x) => g(fa + (Math.min(WIDTH, Math.max(0, x)) / WIDTH) * (fb - fa)),
    };
  };

  const load = async (column) => {
    try {
      shown = await page.api('histogram', { column });
      fail(null);
      draw();
    } catch (error) {
      fail(error);
    }
  };

  const draw = () => {
    const { edges, kept, other, below, above, nulls, unjudged, logarithmic, rules } = shown;
    picture.replaceChildren();
    sliders.replaceChildren();
    picture.classList.toggle('empty', edges.length < 2);
    if (edges.length < 2) {
      set(scale, { text: 'No document has a value here.' });
      return;
    }
    const axis = axisOf(edges, logarithmic);
    const whole = edges[0] % 1 !== 0 && (edges[0] * 2) % 1 === 0 && Number.isInteger(shown.least);
    const most = Math.max(...kept.map((k, i) => k + other[i]), 1);
    // Square roots: a bin of ten documents is seen beside one of a million.
    const tall = (n) => Math.sqrt(n / most) * (BASE - 12);
    for (let i = 0; i < kept.length; i++) {
      const [x, end] = [axis.x(edges[i]), axis.x(edges[i + 1])];
      const width = Math.max(0.6, end - x - 0.6);
      const all = tall(kept[i] + other[i]);
      const good = kept[i] + other[i] > 0 ? (all * kept[i]) / (kept[i] + other[i]) : 0;
      const title = svg('title');
      title.textContent = `${page.value(edges[i])} to ${page.value(edges[i + 1])}: ${page.count(kept[i])} kept, ${page.count(other[i])} not`;
      const group = svg('g');
      group.append(title);
      if (other[i] > 0) group.append(svg('rect', { x, y: BASE - all, width, height: all - good, class: 'other' }));
      if (kept[i] > 0) group.append(svg('rect', { x, y: BASE - good, width, height: good, class: 'kept' }));
      picture.append(group);
    }
    picture.append(svg('line', { x1: 0, x2: WIDTH, y1: BASE, y2: BASE, class: 'axis' }));
    for (let i = 0; i <= 6; i++) {
      const x = (WIDTH * i) / 6;
      const label = svg('text', {
        x,
        y: BASE + 16,
        class: 'tick',
        'text-anchor': i === 0 ? 'start' : i === 6 ? 'end' : 'middle',
      });
      const at = axis.v(x);
      // Bins of whole numbers begin between two of them.
      label.textContent = page.value(whole && !logarithmic ? Math.ceil(at) + 0 : Number(at.toPrecision(3)));
      picture.append(label);
    }
    for (const rule of rules) picture.append(...lineOf(rule, axis));
    const more = [
      below > 0 ? `${page.count(below)} documents below` : '',
      above > 0 ? `${page.count(above)} above` : '',
      nulls > 0 ? `${page.count(nulls)} without a value` : '',
      unjudged > 0 ? `${page.count(unjudged)} that its rules do not judge (where of the step)` : '',
    ].filter(Boolean);
    const legend = [
      h('span', { class: 'key kept', text: 'kept' }),
      h('span', { class: 'key other', text: 'not kept' }),
    ];
    const words = `${logarithmic ? 'The axis is logarithmic. ' : ''}Heights are square roots of counts. ${more.join(', ')}`;
    put(scale, [...legend, h('span', { text: words })]);
  };

  // One threshold: a line in the picture, and a number below it. Both can be moved.
  const lineOf = (rule, axis) => {
    const name = `${rule.step}.${rule.rule}`;
    const now = () => moved.get(name) ?? rule.threshold;
    const line = svg('line', { y1: 4, y2: BASE, class: 'threshold' });
    const drops = `${page.safe(name)} drops where ${page.safe(shown.column)} ${rule.comparison} `;
    const outside =
      rule.outside > 0 ? `; ${page.count(rule.outside)} of these values it never judges (where of the step)` : '';
    const whole = `${rule.condition ? `, of ${page.safe(rule.condition)}` : ''}${outside}`;
    if (page.data) {
      for (const k of ['x1', 'x2']) line.setAttribute(k, axis.x(rule.threshold));
      sliders.append(h('p', { text: `${drops}${page.value(rule.threshold)}${whole}` }));
      return [line];
    }
    const grip = svg('rect', {
      y: 0,
      width: 14,
      height: BASE,
      class: 'grip',
      tabindex: '0',
      role: 'slider',
      'aria-label': `Threshold of ${name}`,
      'aria-valuemin': shown.edges[0],
      'aria-valuemax': shown.edges.at(-1),
    });
    const input = h('input', { type: 'number', step: 'any', id: `set-${name}` });
    const show = () => {
      const x = axis.x(now());
      for (const k of ['x1', 'x2']) line.setAttribute(k, x);
      grip.setAttribute('x', x - 7);
      grip.setAttribute('aria-valuenow', now());
      grip.setAttribute('aria-valuetext', `drops where ${rule.comparison} ${page.value(now())}`);
      line.classList.toggle('moved', moved.has(name));
      if (document.activeElement !== input) input.value = now();
    };
    const integers =
      Number.isInteger(rule.threshold) && shown.edges[1] - shown.edges[0] >= 0.5 && Number.isInteger(shown.least);
    const to = (value) => {
      const v = integers ? Math.round(value) : Number(value.toPrecision(4));
      if (!Number.isFinite(v)) return;
      if (v === rule.threshold) moved.delete(name);
      else moved.set(name, v);
      show();
      ask();
    };
    grip.addEventListener('pointerdown', (e) => {
      grip.setPointerCapture(e.pointerId);
      const move = (m) => {
        const box = picture.getBoundingClientRect();
        to(axis.v(((m.clientX - box.left) / box.width) * WIDTH));
      };
      grip.addEventListener('pointermove', move);
      grip.addEventListener('pointerup', () => grip.removeEventListener('pointermove', move), { once: true });
      e.preventDefault();
      grip.focus();
    });
    grip.addEventListener('keydown', (e) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[e.key];
      const end = { Home: shown.edges[0], End: shown.edges.at(-1) }[e.key];
      if (step === undefined && end === undefined) return;
      e.preventDefault();
      if (end !== undefined) {
        to(end);
        return;
      }
      const at = axis.x(now()) + 4 * step;
      const next = axis.v(at);
      to(integers && Math.round(next) === now() ? now() + Math.sign(step) : next);
    });
    // An empty field, and what is no number: the threshold of the run.
    input.addEventListener('input', () => to(input.value === '' ? rule.threshold : Number(input.value)));
    input.addEventListener('blur', show);
    sliders.append(
      h(
        'p',
        { class: 'row' },
        h('label', { for: `set-${name}`, text: drops }),
        input,
        h('span', { class: 'muted', text: ` was ${page.value(rule.threshold)}${whole}` }),
      ),
    );
    redraws.push(show);
    show();
    return [line, grip];
  };
  let redraws = [];
  const setAll = (values) => {
    moved.clear();
    for (const [k, v] of values) moved.set(k, v);
    for (const r of redraws) r();
    ask();
  };

  // The answer to what has been moved; the newest question counts.
  let asking = false;
  let again = false;
  /** The first question makes the server read the ledger: it is asked when a hand comes near. */
  let warm = false;
  const warmUp = () => {
    if (warm) return;
    warm = true;
    page.api('what-if').catch(() => {
      // Whoever moves a threshold is told why it does not work.
      warm = false;
    });
  };
  for (const event of page.data ? [] : ['pointerenter', 'focusin']) picture.addEventListener(event, warmUp);
  const ask = async () => {
    reset.hidden = moved.size === 0;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      do {
        again = false;
        if (moved.size === 0) put(answer, []);
        else {
          const late = setTimeout(() => put(answer, [h('p', { class: 'muted', text: 'Reading the ledger …' })]), 400);
          page.showChanges(answer, await asked().finally(() => clearTimeout(late)), fail);
        }
      } while (again);
      fail(null);
    } catch (error) {
      fail(error);
    } finally {
      asking = false;
    }
  };
  const asked = async () => {
    const query = new URLSearchParams([...moved].map(([name, v]) => ['set', `${name}:${v}`]));
    const response = await fetch(`api/what-if?${query}`);
    const body = await response.json();
    if (!response.ok) throw new Error([body.error, body.fix].filter(Boolean).join(' '));
    return body;
  };
  choose.addEventListener('change', () => load(choose.value));
  page.onRule = (r) => {
    choose.value = r.column;
    redraws = [];
    load(r.column);
    document.getElementById('thresholds').scrollIntoView();
    choose.focus({ preventScroll: true });
  };
  let columns = '';
  page.watch(['run', 'rule/'], () => {
    const run = page.cell('run');
    if (!run) return;
    // Those that a rule judges first, the most dropping ones before.
    const judged = page
      .cellsOf('rule/')
      .filter((r) => r.column && run.annotations.includes(r.column))
      .sort((a, b) => b.dropped - a.dropped);
    const names = [...new Set([...judged.map((r) => r.column), ...run.annotations])].filter(
      (n) => !page.data || page.data.columns.includes(n),
    );
    const key = names.slice().sort().join(' ');
    if (names.length === 0 || key === columns) return;
    columns = key;
    show(true);
    put(
      choose,
      names.map((name) => h('option', { value: name, text: page.safe(name) })),
    );
    if (run.status !== 'running' || judged.length > 0) load(choose.value);
  });
  let commits = '';
  page.watch(['progress'], () => {
    const p = page.cell('progress');
    const now = p ? `${p.phaseNumber} ${p.splitsDone}` : 'done';
    if (now !== commits && commits !== '' && shown && shown.edges.length < 2) load(choose.value);
    commits = now;
  });
  let status = null;
  page.watch(['run'], () => {
    const now = page.cell('run')?.status ?? null;
    // At the end all documents are in the ledger.
    if (status === 'running' && now !== 'running' && choose.value) load(choose.value);
    status = now;
  });
})();
