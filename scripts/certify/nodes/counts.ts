/**
 * The formulas of docs/many-nodes.md against runs: files, opened files, commit lines, scratch, memory and CPU after
 * each phase of a run over generated documents, beside what the formulas say. Prints a table in Markdown.
 *
 *   npx tsx scripts/certify/nodes/counts.ts [--documents 100000,1000000] [--shards 16] [--input FOLDER]
 *
 * One process does all shards of a phase, one after the other. Input is made in --input/<documents> where it is absent,
 * and kept. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { NodesJson } from '../../../src/run/nodes/fleet.ts';
import { madeDocumentFiles } from './made-corpus.ts';
import { cli } from './processes.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '100000,1000000' },
    shards: { type: 'string', default: '16' },
    input: { type: 'string' },
  },
});
const SPLIT_BYTES = 2e6;
const RECIPE = `import { annotate, dedup, drop, recipe, rule, select, textStatistics } from 'sluice';
export default recipe({
  name: 'counts',
  splitBytes: ${SPLIT_BYTES},
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 150', { name: 'min_chars' })]),
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
  ],
});
`;
/** Tables with rows: documents and ledger. */
const TABLES = 2;

const folder = mkdtempSync(join(tmpdir(), 'sluice-counts-'));
const shards = Number(values.shards);

interface Phase {
  readonly files: number;
  readonly scratchBytes: number;
  readonly commits: number;
  readonly reads: number;
  readonly peak: number;
  readonly cpu: number;
}

const allFiles = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((f) => statSync(join(path, f)).isFile());

/** One command of Sluice, and the state of the run directory after it. */
function after(args: readonly string[], run: string): Phase {
  const into = join(folder, 'count');
  for (const kind of ['reads', 'writes', 'ends']) rmSync(`${into}.${kind}`, { force: true });
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_OPTIONS: `--require ${resolve(import.meta.dirname, 'count-opens.cjs')}`,
      SLUICE_COUNT_UNDER: run,
      SLUICE_COUNTS: into,
    },
  });
  if (status !== 0) throw new Error(`sluice ${args.join(' ')}: ${stderr}`);
  const files = allFiles(run);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const lines = (f: string): number => readFileSync(join(run, f), 'utf8').split('\n').length - 1;
  const [peak, cpu] = readFileSync(`${into}.ends`, 'utf8').trim().split('\n').at(-1)!.split(' ').map(Number);
  return {
    files: files.length,
    scratchBytes: sum(files.filter((f) => /(^|\/)work\//.test(f)).map((f) => statSync(join(run, f)).size)),
    commits: sum(files.filter((f) => /split-\d+\/done\/\d+\.jsonl$/.test(f)).map(lines)),
    reads: existsSync(`${into}.reads`) ? statSync(`${into}.reads`).size : 0,
    peak,
    cpu,
  };
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const row = (...cells: readonly (string | number)[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`);

function counted(documents: number): void {
  const input = resolve(values.input ?? folder, String(documents));
  madeDocumentFiles(input, documents);
  const bytes = readdirSync(input).reduce((n, f) => n + statSync(join(input, f)).size, 0);
  const text = bytes - documents * 60;
  const run = join(folder, `run-${documents}`);
  const plan = after(
    ['plan', 'recipe.ts', '--input', `${input}/*.jsonl`, '--output', run, '--nodes', values.shards],
    run,
  );
  const { splits } = JSON.parse(readFileSync(join(run, 'plan.jsonl'), 'utf8').split('\n', 1)[0]) as {
    readonly splits: number;
  };
  const { parted, rounds = {} } = JSON.parse(readFileSync(join(run, 'nodes.json'), 'utf8')) as NodesJson;
  // The ranks are the only step in rounds.
  const ranks = Object.values(rounds).flatMap((shapes) => shapes.map((_, round) => `decide-1.${round}`));
  const names = ['split-0', 'decide-0', 'split-1', ...ranks, 'decide-1', 'split-2'];
  const phases = names.map((p) => after(['run', run, '--shard', '0/1', '--phase', p, '--workers', '1'], run));
  const finish = after(['finish', run], run);
  const most = (of: (p: Phase) => number): number => Math.max(...phases.map(of));
  const k = 2;
  const p = parted.length;
  const limit = splits * (TABLES + k + 2 + (p > 0 ? 1 : 0)) + shards * (2 * k + 1 + ranks.length) * 6;
  const side = documents * 60 * (p > 0 ? 2 : 1);
  const cpu = [plan, ...phases, finish].reduce((n, q) => n + q.cpu, 0);
  const d = documents.toExponential(0);
  row(d, 'splits', splits, `D b / s = ${(bytes / SPLIT_BYTES).toFixed(0)}`);
  row(
    d,
    'files, at most',
    most((q) => q.files),
    `${limit} (${p} of ${k} steps in parts)`,
  );
  row(d, 'files at the end', finish.files, 'output / shard size, and 5');
  row(
    d,
    'commit lines',
    most((q) => q.commits),
    `S (k + 1) = ${splits * (k + 1)}`,
  );
  const spilled = text + documents * 90;
  row(
    d,
    'scratch on disk, at most',
    mb(most((q) => q.scratchBytes)),
    `D (b + 90) and side columns = ${mb(spilled + side)}`,
  );
  row(
    d,
    'files opened to decide `exact`',
    phases[1].reads,
    `10 S N + N² + 17 N = ${10 * splits * shards + shards * (shards + 17)}`,
  );
  row(
    d,
    'files opened to apply it',
    phases[2].reads,
    `2 S N + 4.5 S + N² + 12 N = ${Math.round(splits * (2 * shards + 4.5)) + shards * (shards + 12)}`,
  );
  row(
    d,
    'peak memory of a process',
    mb(
      Math.max(
        plan.peak,
        finish.peak,
        most((q) => q.peak),
      ),
    ),
    '--memory 256 MB, and Node',
  );
  row(d, 'CPU', `${cpu.toFixed(0)} s`, `${((1e6 * cpu) / documents).toFixed(1)} µs a document`);
  rmSync(run, { recursive: true });
}

try {
  writeFileSync(join(folder, 'recipe.ts'), RECIPE);
  row('documents', 'what', 'counted', 'formula');
  row('---', '---', '---', '---');
  for (const documents of values.documents.split(',')) counted(Number(documents));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
