// What a glance tells: how far, how fast, how much is kept, what holds it up.
(() => {
  const page = window.sluice;
  const { h, set, section } = page;
  const STATUS = {
    running: 'running',
    done: 'done',
    stopped: 'stopped, to be resumed',
    guard: 'stopped by a guard',
    failed: 'failed',
    interrupted: 'interrupted',
  };

  const figure = (label) => {
    const value = h('strong');
    const note = h('small');
    const node = h('div', { class: 'figure' }, h('span', { text: label }), value, note);
    const show = (v, n = '') => {
      set(value, { text: v });
      set(note, { text: n });
    };
    return { node, show };
  };
  const figures = {
    read: figure('Read'),
    kept: figure('Kept'),
    dropped: figure('Dropped'),
    quarantine: figure('Quarantine'),
    speed: figure('Speed'),
    time: figure('Time'),
  };
  const bar = h('progress', { max: '1', 'aria-label': 'Share of the run that is done' });
  const barText = h('p', { class: 'muted' });
  const bottleneck = h('p', { id: 'bottleneck', class: 'bottleneck', 'aria-live': 'polite' });
  const error = h('p', { class: 'error', role: 'alert', hidden: true });
  const { section: overview } = section(
    'overview',
    'Overview',
    h('div', { class: 'figures' }, ...Object.values(figures).map((f) => f.node)),
    bar,
    barText,
    bottleneck,
    error,
  );
  overview.querySelector('h2').classList.add('visually-hidden');

  page.watch(['run', 'progress', 'totals', 'quarantine', 'bottleneck', 'stopped', 'sample'], () => {
    const run = page.cell('run');
    const totals = page.cell('totals');
    if (!run || !totals) return;
    const { read, kept, written, dropped, created, undecided } = totals;
    const progress = page.cell('progress');
    const quarantine = page.cell('quarantine');
    const sample = page.cell('sample');
    document.title = `${run.name} · Sluice`;
    document.getElementById('name').textContent = page.safe(run.name);
    const pill = document.getElementById('status');
    set(pill, { text: STATUS[run.status], 'data-status': run.status });
    const came = read.documents + created.documents;
    const tokens = (a) => (a.tokens > 0 ? `${page.tokens(a.tokens)} tokens` : '');
    // A number stays on the line of its unit.
    const whole = (text) => text.replaceAll(' ', '\u00a0');
    const amount = (a) => [page.size(a.bytes), tokens(a)].filter(Boolean).map(whole).join('\n');
    figures.read.show(page.count(read.documents), amount(read));
    figures.kept.show(page.count(kept.documents), `${whole(page.percent(kept.documents, came))} · ${amount(written)}`);
    figures.dropped.show(
      page.count(dropped.documents),
      `${whole(page.percent(dropped.documents, came))} · ${amount(dropped)}`,
    );
    figures.quarantine.show(
      `${quarantine.estimated > 0 ? '≈ ' : ''}${page.count(quarantine.documents)}`,
      quarantine.documents > 0 ? page.size(quarantine.bytes) : run.status === 'done' ? 'all input was read' : '',
    );
    const seconds = progress?.seconds ?? sample?.t ?? null;
    const rate = progress ? progress.bytesPerSecond : seconds ? read.bytes / seconds : null;
    figures.speed.show(
      rate === null ? '–' : `${page.size(rate)}/s`,
      progress ? 'of text, just now' : 'of text, on average',
    );
    const left = progress?.etaSeconds ?? null;
    figures.time.show(page.duration(seconds || null), !left ? '' : `about ${page.duration(Math.ceil(left))} left`);
    set(bar, { hidden: !progress, value: progress ? progress.share : null });
    set(barText, {
      hidden: !progress,
      text: progress
        ? `${Math.floor(100 * progress.share)} % · split ${progress.splitsDone} of ${progress.splits}` +
          `${progress.phases > 1 ? ` · phase ${progress.phaseNumber + 1} of ${progress.phases}, ${page.safe(progress.phase)}` : ''}` +
          `${undecided > 0 ? ` · ${page.count(undecided)} documents not decided yet` : ''}`
        : '',
    });
    const found = page.cell('bottleneck');
    set(bottleneck, { hidden: !found, text: found ? page.safe(found.sentence) : '' });
    const stopped = page.cell('stopped');
    const said = stopped
      ? `A guard stopped the run: ${stopped.of} ${page.percent(stopped.documents, stopped.outOf)} of ` +
        `${page.count(stopped.outOf)} documents. To allow it: ${stopped.flag}`
      : run.error;
    set(error, { hidden: !said, text: said ? page.safe(said) : '' });
  });
})();
