// How well a recipe decides, on labelled text: npx tsx scripts/score/quickstart.ts [--recipe FILE]... [--half tune]
// [--json FILE]. Of every domain and every kind of noise of ../shared/corpora/mixed (or $SLUICE_CORPORA), the share of
// documents that the rules drop, before (version 1 of quickstart) and after, on the half of the groups on which no
// threshold was chosen; and what it costs. Copies are no question of rules: barriers are left out.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { makeStage } from '../../src/operators/stages.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { isBarrier, type Stage } from '../../src/streams/operator.ts';
import { batchOf } from '../../test/helpers/batches.ts';

interface Labelled {
  readonly id: string;
  readonly text: string;
  readonly domain: string;
  readonly noise: string | null;
}

const PROSE = ['books', 'encyclopedia', 'legal_gov', 'news', 'qa_forum', 'science', 'tech_docs'];

const { values: options } = parseArgs({
  options: {
    recipe: { type: 'string', multiple: true },
    half: { type: 'string', default: 'held-out' },
    json: { type: 'string' },
  },
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const corpora = process.env.SLUICE_CORPORA ?? here('../../../shared/corpora');
const recipes = options.recipe ?? [here('./quickstart-1.ts'), here('../../recipes/quickstart.ts')];

/** Which half a document is in goes by its group: what is made of one article stays together. */
function* documents(half: string): Generator<Labelled> {
  for (const file of readdirSync(`${corpora}/mixed`).filter((f) => f.endsWith('.zst'))) {
    const lines = Buffer.from(decompress(readFileSync(`${corpora}/mixed/${file}`)))
      .toString()
      .trimEnd()
      .split('\n');
    for (const line of lines) {
      const { id, text, metadata } = JSON.parse(line) as {
        id: string;
        text: string;
        metadata: { domain: string; group?: string; noise_type?: string };
      };
      const first = createHash('sha256')
        .update(`g${metadata.group ?? id}`)
        .digest()[0];
      if (first >= 128 !== (half === 'held-out')) continue;
      yield { id, text, domain: metadata.domain, noise: metadata.noise_type ?? null };
    }
  }
}

interface Decided extends Labelled {
  /** By recipe; null: kept. */
  readonly rules: readonly (string | null)[];
}

async function stagesOf(path: string): Promise<Stage[]> {
  const recipe = ((await import(pathToFileURL(resolve(path)).href)) as { default: Recipe }).default;
  const kernel = await loadKernel();
  const steps = recipe.steps.map((s) => s.descriptor).filter((d) => !isBarrier(d));
  return Promise.all(steps.map((d) => makeStage(d, kernel)));
}

/** The rule that drops each row first; null where none does. */
async function firstRules(stages: readonly Stage[], batch: DocumentBatch): Promise<(string | null)[]> {
  let out = batch;
  for (const stage of stages) out = await stage.apply(out);
  return Array.from({ length: out.rows }, (_, row) => {
    for (const { rules, rule } of out.verdicts) if (rule[row] >= 0) return rules[rule[row]].name;
    return null;
  });
}

const all = [...documents(options.half)];
const pipelines = await Promise.all(recipes.map(stagesOf));
const decided: Decided[] = [];
const seconds = recipes.map(() => 0);
for (let i = 0; i < all.length; i += 512) {
  const part = all.slice(i, i + 512);
  const columns: (string | null)[][] = [];
  for (const [k, stages] of pipelines.entries()) {
    const start = process.cpuUsage();
    columns.push(await firstRules(stages, batchOf(part)));
    const { user, system } = process.cpuUsage(start);
    seconds[k] += (user + system) / 1e6;
  }
  decided.push(...part.map((d, row) => ({ ...d, rules: columns.map((c) => c[row]) })));
}

const megabytes = all.reduce((n, d) => n + Buffer.byteLength(d.text), 0) / 1e6;
const names = recipes.map((r) => basename(r, '.ts'));
const share = (rows: readonly Decided[], k: number): string =>
  ((100 * rows.filter((d) => d.rules[k] !== null).length) / rows.length).toFixed(1).padStart(6);

function print(title: string, groups: ReadonlyMap<string, readonly Decided[]>): void {
  console.info(`\n${title.padEnd(26)}documents  ${names.map((n) => n.padStart(14)).join('')}   dropped, %`);
  for (const [name, rows] of groups)
    console.info(
      name.padEnd(26) +
        `${String(rows.length).padStart(9)}  ${names.map((_, k) => share(rows, k).padStart(14)).join('')}`,
    );
}

function by(rows: readonly Decided[], key: (d: Decided) => string): Map<string, Decided[]> {
  const groups = new Map<string, Decided[]>();
  for (const row of rows) (groups.get(key(row)) ?? groups.set(key(row), []).get(key(row))!).push(row);
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const noise = decided.filter((d) => d.domain === 'web_noise');
print(
  'domain',
  by(decided, (d) => d.domain),
);
print(
  'kind of web noise',
  by(noise, (d) => d.noise ?? ''),
);
print(
  `${options.half} half`,
  new Map([
    ['clean prose', decided.filter((d) => PROSE.includes(d.domain))],
    ['code', decided.filter((d) => d.domain === 'code')],
    ['web noise', noise],
  ]),
);
for (const [k, name] of names.entries()) {
  const wrong = by(
    decided.filter((d) => d.rules[k] !== null),
    (d) => d.rules[k]!,
  );
  console.info(
    `\n${name}: ${(megabytes / seconds[k]).toFixed(1)} MB of text per CPU-second; first rule, of prose, of noise`,
  );
  for (const [rule, rows] of [...wrong].sort((a, b) => b[1].length - a[1].length)) {
    const clean = rows.filter((d) => PROSE.includes(d.domain)).length;
    console.info(`  ${rule.padEnd(34)}${String(clean).padStart(6)}${String(rows.length - clean).padStart(6)}`);
  }
}
if (options.json) writeFileSync(options.json, decided.map(({ text, ...d }) => JSON.stringify(d)).join('\n'));
