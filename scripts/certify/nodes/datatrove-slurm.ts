/**
 * What a run on Slurm repeats, loses or writes twice after kills of its array tasks: ours and datatrove's, the same
 * input, recipe (exact copies, a length), Slurm and number of kills. A task is killed when a drawn share of all
 * documents to read has been read; once the queue is empty, each tool's own command is given again.
 *
 *   SLURM_CONF=... SLUICE_PYTHON=... npx tsx scripts/certify/nodes/datatrove-slurm.ts [--documents 40000] [--kills 4]
 *     [--only sluice|datatrove]
 *
 * Needs a Python with datatrove, and `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generator, prose } from '../../../test/helpers/corpus.ts';
import { sluice } from './processes.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '40000' },
    kills: { type: 'string', default: '4' },
    tasks: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const [documents, kills, tasks] = [values.documents, values.kills, values.tasks].map(Number);
const folder = mkdtempSync(join(tmpdir(), 'sluice-beside-'));
const python = process.env.SLUICE_PYTHON ?? 'python3';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function called(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}
const queue = (...more: string[]): string[] =>
  called('squeue', ['--array', '--noheader', '--format=%F_%K', ...more])
    .split('\n')
    .filter(Boolean);

/** Jobs behind a killed one never begin, and stay in the queue until somebody cancels them. */
function leaveUnreachable(): void {
  const stuck = called('squeue', ['--noheader', '--states=PD', '--format=%F %r'])
    .split('\n')
    .filter((line) => line.includes('DependencyNeverSatisfied'))
    .map((line) => line.split(' ')[0]);
  for (const job of new Set(stuck)) spawnSync('scancel', [job]);
}

/**
 * Kills running array tasks of a tool at drawn shares of its reading, and starts it again until it is done. Returns how
 * often it was started.
 */
async function killed(submit: () => Promise<void>, read: () => number, isDone: () => boolean): Promise<number> {
  const random = generator(Number(values.seed));
  const at = Array.from({ length: kills }, () => random() * documents * 2).sort((a, b) => a - b);
  for (let starts = 1; ; starts++) {
    await submit();
    while (queue().length > 0) {
      await delay(200);
      leaveUnreachable();
      const running = queue('--states=R').filter((t) => /_\d+$/.test(t));
      if (at.length === 0 || running.length === 0 || read() < at[0]) continue;
      // A task that has ended meanwhile was not killed.
      const task = running[Math.floor(random() * running.length)];
      if (spawnSync('scancel', ['--signal=KILL', '--full', task]).status === 0) at.shift();
    }
    if (isDone()) return starts;
    if (starts > 10 + kills) throw new Error(`not done after ${starts} starts: see the logs in ${folder}`);
  }
}

interface Written {
  readonly rows: number;
  readonly texts: ReadonlySet<string>;
}

function report(
  tool: string,
  starts: number,
  again: number,
  what: string,
  { rows, texts }: Written,
  want: Written,
): void {
  const lost = [...want.texts].filter((text) => !texts.has(text)).length;
  say(
    `${tool}: ${kills} kills, ${starts} starts; ${again} of ${2 * documents} reads done again (${what}); ` +
      `${rows} rows, ${rows - texts.size} twice, ${lost} lost`,
  );
}

/** By text: of equal documents each tool keeps another one. */
const textsOf = (lines: readonly string[]): Written => {
  const texts = lines.map((line) => (JSON.parse(line) as { readonly text: string }).text);
  return { rows: texts.length, texts: new Set(texts) };
};

async function theirs(): Promise<{ readonly starts: number; readonly again: number; readonly written: Written }> {
  const output = join(folder, 'theirs');
  const counted = join(folder, 'counted');
  const script = resolve(import.meta.dirname, 'datatrove-slurm.py');
  const read = (): number => (existsSync(counted) ? statSync(counted).size : 0);
  const done = join(output, 'logs/3/completions');
  const starts = await killed(
    async () => void called(python, [script, join(folder, 'in'), output, String(tasks), counted]),
    read,
    () => existsSync(done) && readdirSync(done).length === tasks,
  );
  const lines = readdirSync(join(output, 'documents')).flatMap((f) =>
    readFileSync(join(output, 'documents', f), 'utf8')
      .trimEnd()
      .split('\n'),
  );
  return { starts, again: read() - 2 * documents, written: textsOf(lines) };
}

/** Documents of the splits that attempts had in work when they were killed: the most that was done for nothing. */
async function ours(): Promise<{ readonly starts: number; readonly again: number; readonly written: Written }> {
  const run = join(folder, 'ours');
  const submit = ['slurm', 'recipe.ts', '--input', 'in/*.jsonl', '--output', run, '--nodes', String(tasks * 4)];
  const options = ['--array-limit', String(tasks), '--cpus', '1', '--memory', '128MB', '--time', '10', '--warn', '60'];

  const counts = new Map<string, number>();
  const lost = new Map<string, number>();
  const look = (): void => {
    if (!existsSync(join(run, 'tasks'))) return;
    for (const file of readdirSync(join(run, 'tasks'), { recursive: true, encoding: 'utf8' })) {
      const path = join(run, 'tasks', file);
      if (/split-\d.*attempt-\d+\/commits\.jsonl$/.test(file))
        counts.set(
          file,
          [...readFileSync(path, 'utf8').matchAll(/"(?:read|received)":\{[^}]*?"documents":(\d+)/g)].reduce(
            (n, [, d]) => n + Number(d),
            0,
          ),
        );
      if (/split-\d.*attempt-\d+\/beat\.json$/.test(file) && !existsSync(join(path, '../end.json')))
        lost.set(
          file,
          (JSON.parse(readFileSync(path, 'utf8')) as { readonly splits: readonly number[] }).splits.length,
        );
      else lost.delete(file);
    }
  };
  const read = (): number => {
    look();
    return [...counts.values()].reduce((a, b) => a + b, 0);
  };
  const starts = await killed(
    async () => {
      look();
      await sluice(folder)(existsSync(join(run, 'nodes.json')) ? ['slurm', run, '--retry'] : [...submit, ...options]);
    },
    read,
    () => !existsSync(join(run, 'nodes.json')),
  );
  const { splits } = JSON.parse(readFileSync(join(run, 'plan.jsonl'), 'utf8').split('\n', 1)[0]) as { splits: number };
  const again = Math.round(([...lost.values()].reduce((a, b) => a + b, 0) * documents) / splits);
  return { starts, again, written: textsOf(rowsOf('ours')) };
}

function rowsOf(run: string): string[] {
  const cli = process.env.SLUICE_CLI ?? resolve(import.meta.dirname, '../../../dist/cli.js');
  const rows = called(process.execPath, [cli, 'sql', run, 'SELECT text FROM documents', '--json']);
  return (JSON.parse(rows) as object[]).map((r) => JSON.stringify(r));
}

try {
  if (process.env.SLURM_CONF === undefined) throw new Error('no SLURM_CONF: see slurm-up.sh');
  mkdirSync(join(folder, 'in'));
  const random = generator(Number(values.seed));
  const texts: string[] = [];
  const files: string[][] = Array.from({ length: tasks }, () => []);
  for (let i = 0; i < documents; i++) {
    const text =
      texts.length > 0 && random() < 0.2
        ? texts[Math.floor(random() * texts.length)]
        : `${prose(random, 20 + Math.floor(random() * 120))} ${i}`;
    if (texts.length < 5000) texts.push(text);
    files[Math.floor((i * tasks) / documents)].push(JSON.stringify({ id: `d${i}`, text }));
  }
  for (const [i, lines] of files.entries()) writeFileSync(join(folder, `in/${i}.jsonl`), `${lines.join('\n')}\n`);
  writeFileSync(
    join(folder, 'recipe.ts'),
    `import { annotate, dedup, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'beside', splitBytes: 500_000, steps: [
  dedup.exact(),
  annotate(textStatistics(), { step: 'scores' }),
  drop('length', [rule('text_chars < 300', { name: 'min_chars' })]),
] });
`,
  );
  const small = ['--workers', '2', '--memory', '128MB'];
  await sluice(folder)(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'one', ...small]);
  const want = textsOf(rowsOf('one'));
  if (values.only !== 'datatrove') {
    const own = await ours();
    report('sluice', own.starts, own.again, 'documents of the splits in work', own.written, want);
  }
  if (values.only !== 'sluice') {
    const other = await theirs();
    report('datatrove', other.starts, other.again, 'counted', other.written, want);
  }
  rmSync(folder, { recursive: true, force: true });
} catch (error) {
  // Its logs say why.
  say(`kept: ${folder}`);
  throw error;
}
