// Would the default recipe be better with boilerplate lines taken out? npx tsx scripts/score/boilerplate.ts [--half tune]
// [--unit lines] [--more-than 10] [--keep-first] [--late] [--lines 20] [--keep DIR]. One half of the groups of ../shared/corpora/mixed
// (or $SLUICE_CORPORA), run with `quickstart` as it is and with `dedup.boilerplate()` in it: after exact copies, or with
// --late before near copies. Of noise and of clean text: documents dropped, and the share of the kept text that is cut;
// the lines that are cut most; CPU. Needs `npm run build`.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { decompress } from 'fzstd';
import { lastValueFrom } from 'rxjs';
import quickstart from '../../recipes/quickstart.ts';
import { dedup } from '../../src/operators/index.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { run } from '../../src/run/run.ts';

const { values: options } = parseArgs({
  options: {
    half: { type: 'string', default: 'held-out' },
    unit: { type: 'string', default: 'lines' },
    'more-than': { type: 'string', default: '10' },
    'keep-first': { type: 'boolean', default: false },
    late: { type: 'boolean', default: false },
    lines: { type: 'string', default: '20' },
    keep: { type: 'string' },
  },
});
const corpora = process.env.SLUICE_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
/** With --keep the runs stay, and a second start takes those that are done. */
const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'sluice-boilerplate-'));
mkdirSync(folder, { recursive: true });

/** The documents of a half, as `scripts/score/quickstart.ts` halves them; the kind of noise becomes the id's end. */
function writeHalf(path: string): void {
  const out: string[] = [];
  for (const file of readdirSync(`${corpora}/mixed`).filter((f) => f.endsWith('.zst')))
    for (const line of Buffer.from(decompress(readFileSync(`${corpora}/mixed/${file}`)))
      .toString()
      .trimEnd()
      .split('\n')) {
      const { id, text, metadata } = JSON.parse(line) as {
        id: string;
        text: string;
        metadata: { domain: string; group?: string; noise_type?: string };
      };
      const [first] = createHash('sha256')
        .update(`g${metadata.group ?? id}`)
        .digest();
      if (first >= 128 !== (options.half === 'held-out')) continue;
      out.push(JSON.stringify({ id: `${id}|${metadata.noise_type ?? ''}`, text, domain: metadata.domain }));
    }
  writeFileSync(path, out.join('\n'));
}

const withStep = (base: Recipe): Recipe => {
  const step = dedup.boilerplate({
    unit: options.unit as 'lines' | 'paragraphs',
    moreThan: Number(options['more-than']),
    keepFirst: options['keep-first'],
  });
  const at = options.late ? base.steps.length - 1 : 1;
  return { ...base, steps: [...base.steps.slice(0, at), step, ...base.steps.slice(at)] };
};

async function cpuOf(recipe: Recipe, output: string): Promise<number> {
  const start = process.cpuUsage();
  await lastValueFrom(run(recipe, { input: [`${folder}/half.jsonl`], output, workers: 1 }));
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

try {
  if (!existsSync(`${folder}/half.jsonl`)) writeHalf(`${folder}/half.jsonl`);
  const how = [options.unit, options['more-than'], options['keep-first'] && 'first', options.late && 'late'];
  const [before, after] = [`${folder}/before`, `${folder}/with-${how.filter(Boolean).join('-')}`];
  const cpu = [await cpuOf(quickstart, before), await cpuOf(withStep(quickstart), after)];
  const db = await (await DuckDBInstance.create()).connect();
  const rows = async (sql: string): Promise<unknown[][]> => (await db.runAndReadAll(sql)).getRowsJS();
  for (const [name, path] of [
    ['a', before],
    ['b', after],
  ])
    await db.run(`CREATE VIEW ${name} AS SELECT * FROM '${path}/ledger/*.parquet'`);
  const byRules = (t: string): string =>
    `count(*) FILTER (WHERE ${t}.outcome = 'dropped' AND ${t}.step NOT IN ('exact_dedup', 'minhash_dedup'))`;
  const kind = `CASE WHEN a.domain = 'web_noise' THEN 'noise: ' || split_part(a.id, '|', 2) ELSE a.domain END`;
  const cutBytes = `coalesce(list_sum(list_transform(b.cut_spans, lambda c: c."end" - c."start")), 0)`;
  const table = (key: string): Promise<unknown[][]> =>
    rows(`SELECT ${key} k, count(*), round(100.0 * ${byRules('a')} / count(*), 1),
      round(100.0 * ${byRules('b')} / count(*), 1),
      count(*) FILTER (WHERE b.outcome = 'kept' AND len(b.cut_spans) > 0),
      round(100.0 * sum(${cutBytes}) FILTER (WHERE b.outcome = 'kept')
        / sum(a.text_bytes) FILTER (WHERE b.outcome = 'kept'), 3)
      FROM a JOIN b USING (id) GROUP BY k ORDER BY k`);
  console.info('kind                             documents  dropped %  with it %  kept, cut   of kept text cut %');
  const clean = `CASE a.domain WHEN 'web_noise' THEN 'NOISE' WHEN 'code' THEN 'CODE' ELSE 'CLEAN' END`;
  for (const key of [kind, clean])
    for (const [k, ...numbers] of await table(key))
      console.info(`${String(k).padEnd(33)}${numbers.map((n) => String(n ?? 0).padStart(9)).join('  ')}`);
  console.info(`CPU: ${cpu.map((s) => s.toFixed(1)).join(' s, with it ')} s`);
  const texts = new Map(
    readFileSync(`${folder}/half.jsonl`, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; text: string })
      .map(({ id, text }) => [id, Buffer.from(text)]),
  );
  const found = new Map<string, number>();
  for (const [domain, id, start, end] of await rows(`SELECT domain, id, c."start", c."end"
      FROM (SELECT domain, id, unnest(cut_spans) c FROM b WHERE outcome = 'kept')`)) {
    const line = texts.get(String(id))!.subarray(Number(start), Number(end)).toString().trim().slice(0, 90);
    const key = `${String(domain).padEnd(14)} ${JSON.stringify(line)}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  const most = [...found].sort((a, b) => b[1] - a[1]).slice(0, Number(options.lines));
  for (const [line, n] of most) console.info(`  ${String(n).padStart(5)} ${line}`);
} finally {
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
