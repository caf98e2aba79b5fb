// Every number of the live page, the exported file, /metrics and the summary in the terminal beside the SQL that must
// give it, over a run with a step of every kind.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { annotate, c4, dedup, drop, pii, recipe, rule, run, shadow, textStatistics } from 'sluice';
import { beforeAll, describe, expect, it } from 'vitest';
import { printSummary } from '../../src/cli/run/run-summary.ts';
import { percent, size } from '../../src/cli/terminal/format.ts';
import { styleFor } from '../../src/cli/terminal/terminal.ts';
import type { RuleBias } from '../../src/ledger/bias/bias-data.ts';
import { openRunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { cellsOf } from '../../src/ledger/live/cells-of.ts';
import type { Histogram } from '../../src/ledger/live/histogram.ts';
import { metricsText } from '../../src/ledger/live/metrics.ts';
import type { LiveState } from '../../src/ledger/live/state.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { type RunAnswers, runAnswers } from '../../src/run/live/answers.ts';
import { exportRun } from '../../src/run/live/export-run.ts';
import { LiveRun } from '../../src/run/live/live-run.ts';
import { serveRun } from '../../src/run/live/serve-run.ts';
import { serveLive } from '../../src/sinks/live/server.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { documents, MENU, sentences } from '../helpers/live-run.ts';

const notCode = { domain: ['code'], not: true } as const;

const steps = () => [
  dedup.exact(),
  c4({ minSentences: 1 }),
  pii({ kinds: ['email'] }),
  annotate(textStatistics(), { step: 'scores' }),
  drop(
    'length',
    [
      rule('text_chars < 200', { name: 'min_chars' }),
      rule('text_chars > 9000', { name: 'max_chars' }),
      ...shadow([rule('text_lines > 7', { name: 'many_lines' })]),
    ],
    { where: notCode },
  ),
  drop('mixed', [rule('text_chars < 2000 and (text_lines > 9 or text_letter_ratio < 0.5)', { name: 'menu' })]),
  dedup.minhash({ threshold: 0.8 }),
];
const made = () =>
  recipe({ name: 'numbers', splitBytes: 32_768, read: { domainFrom: 'field:domain' }, steps: steps() });

/** 300 documents of three domains and none: copies, near copies, menus, addresses, and lines that cannot be read. */
function input(): string {
  const web = documents().map((d, i) =>
    i % 9 === 4 ? { ...d, text: `${d.text}\nWrite to miller${i}@example.org.` } : d,
  );
  const code = Array.from({ length: 40 }, (_, i) => ({
    id: `code-${i}`,
    domain: 'code',
    text: `${i % 2 ? sentences(9, 300 + i) : 'x = 1;\n'.repeat(3 + i)}\n${MENU}`,
  }));
  const near = Array.from({ length: 20 }, (_, i) => ({
    id: `near-${i}`,
    domain: 'web',
    text: `${sentences(8, 700 + (i >> 1))}\nThe miller came home in year ${i & 1}.`,
  }));
  const none = [{ id: 'none', text: sentences(7, 900) }];
  const lines = jsonLines([...web, ...code, ...near, ...none] as never).split('\n');
  lines.splice(50, 0, '{"id": "broken", "text": ');
  lines.splice(150, 0, '{"id": "no-text"}', '{broken too');
  return lines.join('\n');
}

type Row = Record<string, unknown>;

let output = '';
let state: LiveState;
const lines: string[] = [];
let rowsIn: (sql: string) => Promise<Row[]>;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-numbers-'));
  const path = join(folder, 'part-000.jsonl');
  await writeFile(path, input());
  output = join(folder, 'out');
  const allow = { rule: [], dropShare: ['all'], cluster: ['exact_dedup', 'minhash_dedup'], quarantine: true };
  const live = new LiveRun();
  const events = await lastValueFrom(
    run(made(), { input: [path], output, allow }).pipe(
      tap((e) => live.take(e)),
      toArray(),
    ),
  );
  const db = await openRunDatabase(await openRunFolder(output));
  rowsIn = (sql) => rowsOf(db, sql);
  state = live.state()!;
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error(last.type);
  const none = { skipped: [], warnings: [], peakBytes: null, bytesPerSecond: null, already: false };
  const terminal = { style: styleFor({ isTTY: false }), width: 100, out: (line = '') => void lines.push(line) };
  await printSummary(terminal, { run: output, shown: 'out', result: last.result, ...none });
  return async () => {
    db.close();
    await rm(folder, { recursive: true });
  };
});

/** A number, or several: null is 0. */
async function numbers(sql: string): Promise<number[]> {
  const [row] = await rowsIn(sql);
  return Object.values(row).map((v) => Number(v ?? 0));
}

/** By the text of the first columns: the numbers of the last one. */
async function grouped(sql: string): Promise<Record<string, number>> {
  const rows = await rowsIn(sql);
  return Object.fromEntries(
    rows.map((r) => {
      const values = Object.values(r);
      return [values.slice(0, -1).join('.'), Number(values.at(-1) ?? 0)];
    }),
  );
}

const nonZero = (all: readonly (readonly [string, number])[]): Record<string, number> =>
  Object.fromEntries(all.filter(([, n]) => n > 0));
const amount = (where: string): string => `SELECT count(*), sum(text_bytes), sum(tokens) FROM ledger WHERE ${where}`;
const three = (a: { documents: number; bytes: number; tokens: number }): number[] => [a.documents, a.bytes, a.tokens];

/** Documents that came to a step: those kept, and those dropped by it or after it. */
const cameTo = (index: number): string => {
  const after = state.steps.slice(index).map((s) => `'${s.step}'`);
  return `(outcome = 'kept' OR (outcome = 'dropped' AND step IN (${after.join(', ')})))`;
};

/** What the page shows -> the SQL over documents and ledger that must give it. */
const TABLE: readonly [what: string, shown: (s: LiveState) => number[], sql: string][] = [
  ['read', (s) => three(s.totals.read), amount('derived IS NULL')],
  ['kept, as it was read', (s) => three(s.totals.kept), amount("outcome = 'kept'")],
  ['dropped', (s) => three(s.totals.dropped), amount("outcome = 'dropped'")],
  [
    'kept, as it was written',
    (s) => [s.totals.kept.documents, s.totals.written.bytes],
    'SELECT count(*), sum(strlen(text)) FROM documents',
  ],
  [
    'tokens as it was written: in proportion to the text',
    (s) => [s.totals.written.tokens],
    'SELECT round(sum(tokens) * (SELECT sum(strlen(text)) FROM documents) / sum(text_bytes)) FROM ledger ' +
      "WHERE outcome = 'kept'",
  ],
  [
    'cut from kept texts',
    (s) => [s.totals.cutBytes],
    'SELECT sum(list_sum(list_transform(cut_spans, lambda c: c."end" - c.start))) FROM ledger WHERE outcome = \'kept\'',
  ],
  ['not judged', (s) => [s.totals.unjudged], "SELECT count(*) FROM ledger WHERE outcome = 'kept' AND judged_by = 0"],
  ['quarantine', (s) => [s.quarantine.records, s.quarantine.documents], 'SELECT count(*), count(*) FROM quarantine'],
  [
    'nothing is undecided',
    (s) => [s.totals.undecided],
    "SELECT count(*) FROM ledger WHERE outcome NOT IN ('kept', 'dropped', 'quarantined')",
  ],
];

describe('every number of the page is that of the files', () => {
  it.each(TABLE)('%s', async (_, shown, sql) => {
    expect(shown(state)).toEqual(await numbers(sql));
  });

  it('has something of each kind', () => {
    expect(state.steps.filter((s) => s.dropped.documents > 0).map((s) => s.step)).toEqual([
      'exact_dedup',
      'c4',
      'length',
      'mixed',
      'minhash_dedup',
    ]);
    expect([state.totals.cutBytes, state.totals.addedBytes, state.quarantine.records].every((n) => n > 0)).toBe(true);
  });

  it('reasons of quarantine', async () => {
    expect(state.quarantine.byReason).toEqual(await grouped('SELECT reason, count(*) FROM quarantine GROUP BY 1'));
  });

  it('funnel: what came to each step, and what it drops by domain', async () => {
    for (const s of state.steps) {
      expect([s.step, s.came.documents, s.came.bytes]).toEqual([
        s.step,
        ...(await numbers(`SELECT count(*), sum(text_bytes) FROM ledger WHERE ${cameTo(s.index)}`)),
      ]);
      const own = `outcome = 'dropped' AND step = '${s.step}'`;
      expect([s.step, ...three(s.dropped)]).toEqual([s.step, ...(await numbers(amount(own)))]);
      for (const [k, column] of ['count(*)', 'sum(text_bytes)', 'sum(tokens)'].entries())
        expect(Object.fromEntries(Object.entries(s.domains).map(([domain, flow]) => [domain, flow[k]]))).toEqual(
          await grouped(`SELECT domain, ${column} FROM ledger WHERE ${own} GROUP BY 1`),
        );
    }
  });

  it('rules: dropped first, text of it, failing, and without a value', async () => {
    const of = (get: (r: LiveState['rules'][number]) => number) =>
      nonZero(state.rules.map((r) => [`${r.step}.${r.rule}`, get(r)]));
    const dropped = "FROM ledger WHERE outcome = 'dropped' GROUP BY ALL";
    expect(of((r) => r.dropped)).toEqual(await grouped(`SELECT step, rule, count(*) ${dropped}`));
    expect(of((r) => r.droppedBytes)).toEqual(await grouped(`SELECT step, rule, sum(text_bytes) ${dropped}`));
    const failed = await grouped(
      'SELECT step, r, count(*) FROM (SELECT step, unnest(failed) AS r FROM ledger ' +
        "WHERE outcome = 'dropped') GROUP BY ALL",
    );
    const shadows = await grouped('SELECT step, rule, count(*) FROM shadow_rules GROUP BY ALL');
    expect(of((r) => r.failed)).toEqual({ ...failed, ...shadows });
    expect(shadows).toHaveProperty('length.many_lines');
    const measured = new Set(state.run.annotations);
    for (const r of state.rules) {
      if (r.column === null || !measured.has(r.column)) continue;
      const index = state.steps.findIndex((s) => s.step === r.step);
      const scope = r.step === 'length' ? "domain <> 'code'" : 'true';
      expect([r.rule, r.nulls]).toEqual([
        r.rule,
        ...(await numbers(`SELECT count(*) FROM ledger WHERE ${cameTo(index)} AND ${scope} AND "${r.column}" IS NULL`)),
      ]);
    }
  });

  it('domains: read, kept, dropped, written', async () => {
    const of = (get: (d: LiveState['domains'][number]) => number) =>
      nonZero(state.domains.map((d) => [d.domain, get(d)]));
    for (const outcome of ['read', 'kept', 'dropped'] as const)
      for (const [k, column] of [
        ['documents', 'count(*)'],
        ['bytes', 'sum(text_bytes)'],
        ['tokens', 'sum(tokens)'],
      ] as const) {
        const where = outcome === 'read' ? "outcome <> 'quarantined'" : `outcome = '${outcome}'`;
        const found = await grouped(`SELECT domain, ${column} FROM ledger WHERE ${where} GROUP BY 1`);
        expect(of((d) => d[outcome][k])).toEqual(nonZero(Object.entries(found)));
      }
    expect(of((d) => d.written.bytes)).toEqual(
      await grouped('SELECT domain, sum(strlen(text)) FROM documents GROUP BY 1'),
    );
  });

  it('the state of a finished run, its page, the exported file and /metrics have the same numbers', async () => {
    const cells = JSON.parse(JSON.stringify(Object.fromEntries(cellsOf(state))));
    const served = await serveRun(output, (error) => {
      throw error;
    });
    const server = await serveLive(served.source);
    const { cursor: _, ...page } = (await (await fetch(new URL('/api/state', server.url))).json()) as Row;
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    await server.close();
    await served.close();
    // A cell without a value is none.
    const whole = Object.entries(JSON.parse(JSON.stringify(Object.fromEntries(cellsOf(state, { examples: true })))));
    expect(page).toEqual(Object.fromEntries(whole.filter(([, v]) => v !== null)));
    const examples = Object.entries(page).filter(
      ([key, cell]) => key.startsWith('rule/') && 'examples' in (cell as Row),
    );
    expect(examples.length).toBeGreaterThan(0);
    const data = /<script type="application\/json" id="sluice-data">(.*?)<\/script>/s.exec(
      await exportRun(output),
    )?.[1];
    expect((JSON.parse(data ?? '') as { cells: Row }).cells).toEqual(cells);
    expect(metrics).toBe(metricsText(state));
    const value = (line: string): number => Number(new RegExp(`^${line} (\\d+)$`, 'm').exec(metrics)?.[1]);
    for (const outcome of ['kept', 'dropped', 'quarantined'])
      expect([value(`sluice_run_documents_total{outcome="${outcome}"}`)]).toEqual(
        await numbers(`SELECT count(*) FROM ledger WHERE outcome = '${outcome}'`),
      );
    expect([value('sluice_run_rule_dropped_total{step="mixed",rule="menu"}')]).toEqual(
      await numbers("SELECT count(*) FROM ledger WHERE rule = 'menu'"),
    );
  });
});

describe('every answer about a run is that of the files', () => {
  let answers: RunAnswers;
  beforeAll(() => {
    answers = runAnswers(() => output);
    return () => answers.close();
  });
  const ask = async <T>(name: string, query = ''): Promise<T> =>
    (await answers.api[name](new URLSearchParams(query))) as T;
  const sum = (n: readonly number[]): number => n.reduce((a, b) => a + b, 0);

  it('histogram of a column: the documents that its rules judge, and how many they do not', async () => {
    // `menu` judges all domains; of text_lines there is one rule, without code.
    const chars: Histogram = await ask('histogram', 'column=text_chars&from=0&to=100000');
    const judged = "FROM ledger WHERE outcome <> 'quarantined'";
    const has = (column: string, outcome: string): string => `count("${column}") FILTER (outcome ${outcome} 'kept')`;
    expect([sum(chars.kept), sum(chars.other), chars.nulls, chars.unjudged]).toEqual([
      ...(await numbers(
        `SELECT ${has('text_chars', '=')}, ${has('text_chars', '<>')}, count(*) FILTER (text_chars IS NULL) ${judged}`,
      )),
      0,
    ]);
    const short: Histogram = await ask('histogram', 'column=text_lines&from=0&to=1000');
    const prose = `${judged} AND domain <> 'code'`;
    expect([sum(short.kept), sum(short.other), short.nulls, short.unjudged]).toEqual([
      ...(await numbers(
        `SELECT ${has('text_lines', '=')}, ${has('text_lines', '<>')}, count(*) FILTER (text_lines IS NULL) ${prose}`,
      )),
      ...(await numbers(`SELECT count(text_lines) ${judged} AND domain = 'code'`)),
    ]);
    expect(short.unjudged).toBeGreaterThan(0);
    expect([short.least, short.most]).toEqual(await numbers(`SELECT min(text_lines), max(text_lines) ${prose}`));
  });

  it('documents by outcome, domain and rule; near a threshold those that its step judges', async () => {
    const many = async (query: string): Promise<number> =>
      (await ask<{ documents: Row[] }>('documents', `most=200&${query}`)).documents.length;
    for (const [query, where] of [
      ['outcome=dropped', "outcome = 'dropped'"],
      ['outcome=quarantined', "outcome = 'quarantined'"],
      ['domain=code', "domain = 'code'"],
      ['rule=mixed.menu', "step = 'mixed' AND rule = 'menu'"],
    ])
      expect([query, await many(query)]).toEqual([
        query,
        ...(await numbers(`SELECT count(*) FROM ledger WHERE ${where}`)),
      ]);
    const near = await ask<{ documents: { domain: string; near: number }[] }>(
      'documents',
      'most=200&near=length.min_chars',
    );
    expect(near.documents.some((d) => d.domain === 'code')).toBe(false);
    expect(near.documents.some((d) => d.near < 200) && near.documents.some((d) => d.near >= 200)).toBe(true);
  });

  it('what-if at the thresholds of the run, and bias, by domain', async () => {
    const found = await ask<{ total: { before: Row; kept: Row } }>('what-if', 'set=length.min_chars:200');
    const [documents, bytes] = await numbers("SELECT count(*), sum(text_bytes) FROM ledger WHERE outcome = 'kept'");
    expect(found.total.before).toMatchObject({ documents, bytes });
    expect(found.total.kept).toMatchObject({ documents, bytes });
    const bias = await ask<RuleBias[]>('bias');
    const all = bias.find((b) => b.rule === null && b.by === 'domain')!;
    expect(nonZero(all.groups.map((g) => [g.group, g.dropped]))).toEqual(
      await grouped("SELECT domain, count(*) FROM ledger WHERE outcome = 'dropped' GROUP BY 1"),
    );
  });
});

describe('the summary in the terminal', () => {
  it('has the numbers of the files', async () => {
    const summary = lines.join('\n');
    const [read, kept, dropped] = await numbers(
      "SELECT count(*), count(*) FILTER (outcome = 'kept'), count(*) FILTER (outcome = 'dropped') FROM ledger",
    );
    const [text] = await numbers('SELECT sum(strlen(text)) FROM documents');
    expect(summary).toContain(`kept ${kept} of ${read} documents (${percent(kept, read)}), ${size(text)} of text`);
    expect(summary).toContain(`Why ${dropped} documents were dropped`);
    const domains = await rowsIn(
      "SELECT domain, count(*) AS read, count(*) FILTER (outcome = 'kept') AS kept FROM ledger " +
        "WHERE outcome <> 'quarantined' GROUP BY 1",
    );
    for (const d of domains) expect(summary).toMatch(new RegExp(`${d.domain} +${d.read} +${d.kept} `));
    for (const [rule, n] of Object.entries(
      await grouped("SELECT rule, count(*) FROM ledger WHERE outcome = 'dropped' GROUP BY 1"),
    ))
      expect(summary).toMatch(new RegExp(`${rule}\\b.* ${n}\\b|\\b${n} .*${rule}\\b`));
    const [shadowed] = await numbers('SELECT count(*) FROM shadow_rules');
    expect(summary).toMatch(new RegExp(`many_lines.*\\b${shadowed}\\b|\\b${shadowed}\\b.*many_lines`));
  });
});
