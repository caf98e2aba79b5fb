// The documents: search, filter, near a cut; one of them with every decision, its text and its twin.
(() => {
  const page = window.sluice;
  const { h, set, put, section } = page;
  const MOST = 40;
  const held = page.data ? h('p', { class: 'muted', id: 'held', text: page.data.documentsNote }) : null;

  const text = h('input', { type: 'search', id: 'find', placeholder: 'id, position, file or words of the beginning' });
  const outcome = h('select', { id: 'outcome' });
  const domain = h('select', { id: 'domain' });
  const rule = h('select', { id: 'rule' });
  const near = h('select', { id: 'near' });
  const field = (label, node) => h('span', { class: 'field' }, h('label', { for: node.id, text: label }), node);
  const form = h(
    'form',
    { class: 'filters', role: 'search', onsubmit: (e) => e.preventDefault() },
    field('Find', text),
    field('Outcome', outcome),
    field('Domain', domain),
    field('Dropped by', rule),
    field('Near the cut of', near),
  );
  const list = h('ul', { class: 'documents' });
  const state = h('p', { class: 'muted', role: 'status' });
  const further = h('button', { type: 'button', text: 'More', hidden: true });
  const wrong = h('p', { class: 'error', role: 'alert', hidden: true });
  const { show } = section('documents', 'Documents', held, form, wrong, list, state, further);
  const dialog = h('dialog', { class: 'document', 'aria-labelledby': 'document-title' });
  document.body.append(dialog);
  dialog.addEventListener('click', (e) => e.target === dialog && dialog.close());

  const fail = (error) => set(wrong, { hidden: !error, text: error ? page.safe(error.message) : '' });
  const fill = (node, first, names) => {
    const before = node.value;
    put(node, [
      h('option', { value: '', text: first }),
      ...names.map(([value, label]) => h('option', { value, text: page.safe(label) })),
    ]);
    node.value = before;
  };
  fill(outcome, 'any', [
    ['kept', 'kept'],
    ['dropped', 'dropped'],
    ['quarantined', 'quarantined'],
  ]);

  /** A document that can be opened; in an exported page one that it does not hold is a name alone. */
  page.documentLink = (d) => {
    const text = page.excerpt(d.id ?? d.position, 80);
    if (page.data && !page.holds(d.position)) return h('span', { text });
    return h('button', { type: 'button', class: 'link', text, onclick: () => open(d.position) });
  };

  const row = (d) => {
    const why =
      d.outcome === 'dropped'
        ? `${d.step}: ${d.rule}${d.value === null ? '' : ` (${page.value(d.value)})`}`
        : d.outcome === 'quarantined'
          ? d.rule
          : '';
    return h(
      'li',
      { 'data-outcome': d.outcome, 'data-position': d.position },
      h('span', { class: 'tag', text: d.outcome }),
      page.documentLink(d),
      h('span', {
        class: 'muted',
        text: [d.domain, page.size(d.textBytes), d.near === undefined ? '' : page.value(d.near)]
          .filter(Boolean)
          .map(page.safe)
          .join(' · '),
      }),
      h('span', { class: 'why', text: page.safe(why ?? '') }),
      h('q', { text: page.excerpt(d.excerpt) }),
    );
  };

  let asked = 0;
  let listed = 0;
  /** Where the ledger is searched on; null: it has been read to its end. */
  let next = null;
  const query = (from, most) => ({
    text: text.value || null,
    outcome: outcome.value || null,
    domain: domain.value === '' ? null : domain.value.slice(1),
    rule: rule.value || null,
    near: near.value || null,
    from,
    most,
  });
  const none = () =>
    page.cell('progress') ? 'None yet: documents are here once their split is committed.' : 'No document is like that.';
  /** Answers come after a fifth of a second with what was found by then: the list grows, and can be left meanwhile. */
  const load = async (more) => {
    const mine = ++asked;
    set(state, { text: 'Looking …' });
    further.hidden = true;
    if (!more) {
      listed = 0;
      next = null;
    }
    const shown = new Set(more ? [...list.children].map((r) => r.dataset.position) : []);
    let left = MOST;
    try {
      do {
        const found = await page.api('documents', query(next, left));
        if (mine !== asked) return;
        const rows = found.documents.filter((d) => !shown.has(d.position)).map(row);
        for (const d of found.documents) shown.add(d.position);
        if (listed === 0) put(list, rows);
        else list.append(...rows);
        listed += rows.length;
        left -= rows.length;
        next = found.next;
        const part =
          next !== null && left > 0 ? `, searched ${page.short(found.searched)} of ${page.short(found.rows)}` : '';
        set(state, { text: listed === 0 && next === null ? none() : `${page.count(listed)} shown${part}` });
        fail(null);
      } while (next !== null && left > 0);
      further.hidden = next === null;
    } catch (error) {
      if (mine !== asked) return;
      set(state, { text: '' });
      fail(error);
    }
  };
  let typing = 0;
  text.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(false), 200);
  });
  for (const node of [outcome, domain, rule, near]) node.addEventListener('change', () => load(false));
  further.addEventListener('click', () => load(true));

  // One document.
  const decision = (d) => {
    const rules = d.rules.map((r) =>
      h(
        'tr',
        { class: r.verdict, 'data-decisive': r.decisive },
        h('th', { scope: 'row', text: page.safe(r.rule) }),
        h('td', { text: page.safe(`${r.column} ${r.comparison} ${page.value(r.threshold)}`) }),
        h('td', { class: 'number', text: page.value(r.value) }),
        h('td', {
          text: r.decisive
            ? 'dropped it'
            : r.verdict === 'unseen'
              ? r.wouldFail
                ? 'would fail'
                : 'not judged'
              : r.verdict,
        }),
      ),
    );
    const values = d.values.filter((v) => !d.rules.some((r) => r.column === v.column));
    return h(
      'details',
      { open: d.state === 'dropped' },
      h(
        'summary',
        {},
        h('strong', { text: page.safe(d.step) }),
        h('span', { class: 'muted', text: ` ${d.state === 'done' ? 'passed' : d.state}` }),
      ),
      rules.length > 0 ? h('table', { class: 'compact' }, h('tbody', {}, ...rules)) : null,
      values.length > 0
        ? h(
            'dl',
            {},
            ...values.flatMap((v) => [h('dt', { text: page.safe(v.column) }), h('dd', { text: page.value(v.value) })]),
          )
        : null,
    );
  };
  const open = async (position) => {
    put(dialog, [h('p', { text: 'Looking …' })]);
    if (!dialog.open) dialog.showModal();
    try {
      const { document: d, text: t, twin } = await page.api('document', { position });
      const facts = [
        d.position,
        d.domain,
        page.size(d.textBytes),
        d.tokens === null ? '' : `${page.tokens(d.tokens)} tokens`,
      ].filter(Boolean);
      const verdict =
        d.outcome === 'dropped'
          ? `Dropped by ${d.rule} of step ${d.step}${d.value === null ? '' : `: ${page.value(d.value)}, threshold ${page.value(d.threshold)}`}.`
          : d.outcome === 'quarantined'
            ? `Could not be read: ${d.quarantine?.detail ?? d.rule}.`
            : 'Kept.';
      const keep =
        d.keepWith?.length > 0
          ? h(
              'p',
              {},
              d.unjudgedBy.length === 0
                ? 'It would have been kept with '
                : `It would have come to ${d.unjudgedBy.map(page.safe).join(', ')}, which may drop it too, with `,
              h('code', { text: page.safe(d.keepWith.join(' ')) }),
            )
          : null;
      const copies =
        d.copies.count > 0
          ? h(
              'p',
              {},
              `${page.count(d.copies.count)} documents were dropped as copies of this one: `,
              ...d.copies.first.flatMap((c) => [page.documentLink(c), ' ']),
            )
          : null;
      const cut = t.pieces.some((p) => p.mark !== null);
      put(dialog, [
        h(
          'header',
          { class: 'row' },
          h('h2', { id: 'document-title', text: page.safe(d.id ?? d.position) }),
          h('button', { type: 'button', text: 'Close', onclick: () => dialog.close() }),
        ),
        h('p', { class: 'muted', text: facts.map(page.safe).join(' · ') }),
        h('p', { class: `verdict ${d.outcome}`, text: page.safe(verdict) }),
        keep,
        twin
          ? h(
              'p',
              {},
              `A copy of `,
              page.documentLink(twin),
              d.duplicateOf.similarity === null ? '' : `, similarity ${page.value(d.duplicateOf.similarity)}`,
            )
          : null,
        copies,
        h(
          'div',
          { class: 'sides' },
          page.textPanel(cut ? 'As it was read, with what was cut' : 'Text', t),
          cut ? page.textPanel('Cleaned', page.cleanedText(t)) : null,
          twin ? page.textPanel('Compared with its twin', twin, { removed: 'removed', added: 'added' }) : null,
        ),
        d.decisions.length > 0 ? h('h3', { text: 'Decisions' }) : null,
        h('div', { class: 'decisions' }, ...d.decisions.map(decision)),
      ]);
      dialog.scrollTop = 0;
    } catch (error) {
      put(dialog, [
        h('p', { class: 'error', text: page.safe(error.message) }),
        h('button', { type: 'button', text: 'Close', onclick: () => dialog.close() }),
      ]);
    }
  };
  page.openDocument = open;

  // A run in work: as long as there is nothing to see, every commit is looked at.
  let commits = '';
  page.watch(['progress'], () => {
    const p = page.cell('progress');
    const now = p ? `${p.phaseNumber} ${p.splitsDone}` : 'done';
    if (now !== commits && commits !== '' && listed === 0 && !first) load(false);
    commits = now;
  });

  let known = '';
  let first = true;
  page.watch(['rule/', 'domain/', 'totals', 'run'], () => {
    const run = page.cell('run');
    const totals = page.cell('totals');
    if (!run || !totals) return;
    const rules = page.cellsOf('rule/');
    // An exported page offers what it holds a document of.
    const of = page.heldOf;
    const domains = of
      ? [...of.domains]
      : page
          .cellsOf('domain/')
          .map((d) => d.domain)
          .filter((d) => d !== 'other domains');
    const name = (r) => `${r.step}.${r.rule}`;
    const key = JSON.stringify([rules.map(name), domains]);
    if (key !== known) {
      known = key;
      fill(
        domain,
        'any',
        domains.map((d) => [`=${d}`, d || '(none)']),
      );
      fill(
        rule,
        'any rule',
        rules.filter((r) => of?.rules.has(name(r)) ?? true).map((r) => [name(r), `${r.step}: ${r.rule}`]),
      );
      fill(
        near,
        'no rule',
        rules
          .filter((r) => of?.cuts.has(name(r)) ?? run.annotations.includes(r.column))
          .map((r) => [name(r), `${r.step}: ${r.rule}`]),
      );
    }
    const decided = totals.kept.documents + totals.dropped.documents > 0;
    show(decided && !page.data?.noDocuments);
    if (first && decided) {
      first = false;
      load(false);
    }
  });
})();
