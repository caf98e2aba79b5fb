// Steps with a generator: what was asked, answered, paid and wasted; by style from the ledger.
(() => {
  const page = window.sluice;
  const { h, put, section } = page;
  const number = { class: 'number' };
  const body = h('div');
  const styles = h('div', { class: 'answer' });
  const { show } = section('generators', 'Generators', body, styles);
  show(false);

  const tokensOf = (u) => u.promptTokens + u.tokens;
  const money = (n) => (n === 0 ? '0' : n < 0.01 ? n.toPrecision(2) : n.toFixed(2));

  /** The most that was allowed, and how much of it is gone. */
  const meter = (label, spent, budget, text) =>
    budget === null
      ? h('p', {}, `${label}: `, h('strong', { text: text(spent) }), ', no budget')
      : h(
          'p',
          {},
          `${label}: `,
          h('strong', { text: text(spent) }),
          ` of ${text(budget)} (${page.percent(spent, budget)}) `,
          h('meter', { min: 0, max: budget, value: Math.min(spent, budget), 'aria-label': `${label} of the budget` }),
        );

  const parts = (g) =>
    [
      ['Sent, tries again included', g.sent],
      ['In flight', g.out, `of at most ${page.count(g.limit)} at once`],
      ['Answered', g.answered],
      ['From the store, not paid again', g.reused],
      ['Refused', g.refused],
      ['Rejected by the server', g.rejected],
      ['Not asked: the budget is spent', g.unasked],
      ['Without an answer, tried again later', g.later],
      ['Cut off by an earlier end, perhaps paid', g.cutOff],
    ].filter(([title, n]) => n > 0 || title === 'Sent, tries again included' || title === 'Answered');

  const most = (g) => Math.max(1, ...parts(g).map(([, n]) => n));
  const row =
    (g) =>
    ([title, n, note]) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row', text: title }),
        h('td', { ...number, text: page.count(n) }),
        h('td', {}, h('meter', { min: 0, max: most(g), value: n, 'aria-hidden': 'true' }), note ? ` ${note}` : ''),
      );

  const one = (g) => {
    const total = tokensOf(g.spent);
    const wasted = tokensOf(g.wasted);
    const priced = g.promptPrice > 0 || g.answerPrice > 0;
    const tokens = `${page.count(g.spent.promptTokens)} of prompts, ${page.count(g.spent.tokens)} of answers`;
    return h(
      'div',
      { class: 'generator' },
      h('h3', { text: page.safe(g.model ? `${g.step}: ${g.model}` : g.step) }),
      g.stopped === null ? null : h('p', { class: 'lost', text: page.safe(`Nothing is asked any more: ${g.stopped}`) }),
      h(
        'div',
        { class: 'scroll', tabindex: '0' },
        h(
          'table',
          {},
          h('caption', { class: 'visually-hidden', text: page.safe(`Requests of ${g.step}`) }),
          h('tbody', {}, ...parts(g).map(row(g))),
        ),
      ),
      meter('Tokens', total, g.budgetTokens, (n) => page.tokens(n)),
      priced || g.budget !== null ? meter('Cost', g.cost, g.budget, money) : null,
      h('p', {
        class: 'muted',
        text:
          `${tokens}. For nothing: ${page.count(wasted)} tokens (${page.percent(wasted, total)}). ` +
          `Slots busy ${page.percent(g.busy, 1)} of the time.`,
      }),
    );
  };

  const list = (counts) =>
    Object.entries(counts)
      .sort((a, b) => b[1] - a[1])
      .map(([what, n]) => `${page.safe(what)} ${page.count(n)}`)
      .join(', ') || '–';

  const titles = ['Style', 'Asked', 'Kept', 'Kept share', 'Cost', 'Dropped by', 'Without an answer'];
  const styleRow = (s) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', text: page.safe(s.style) }),
      ...[page.count(s.asked), page.count(s.kept), page.percent(s.kept, s.asked), money(s.cost)].map((text) =>
        h('td', { ...number, text }),
      ),
      h('td', { text: list(s.dropped) }),
      h('td', { text: list(s.without) }),
    );
  const byStyle = (all) =>
    h(
      'div',
      { class: 'scroll', tabindex: '0' },
      h(
        'table',
        { id: 'styles' },
        h('caption', { class: 'visually-hidden', text: 'Answers by style' }),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...titles.map((text, i) => h('th', { scope: 'col', text, class: i > 0 && i < 5 ? 'number' : null })),
          ),
        ),
        h('tbody', {}, ...all.map(styleRow)),
      ),
    );

  let asked = '';
  page.watch(['generators', 'run', 'progress'], async () => {
    const all = page.cell('generators') ?? [];
    show(all.length > 0);
    if (all.length === 0) return;
    put(body, all.map(one));
    // The ledger grows by the split.
    const now = `${page.cell('run')?.status} ${page.cell('progress')?.splitsDone}`;
    if (now === asked) return;
    asked = now;
    try {
      const found = await page.api('styles');
      put(
        styles,
        found.length > 0 ? [h('h3', { text: 'By style, of the documents in the ledger' }), byStyle(found)] : [],
      );
    } catch (error) {
      put(styles, [h('p', { role: 'alert', text: page.safe(error.message) })]);
    }
  });
})();
