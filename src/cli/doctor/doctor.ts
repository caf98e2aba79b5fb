import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { STATISTICS } from '../../kernels/statistics.ts';
import { type ExecutorReport, surveyExecutors } from '../../models/executors/survey.ts';
import { builtInRecipes } from '../../recipe/loader.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { loadZstdModule } from '../../streams/codecs/zstd-module.ts';
import { SLUICE_VERSION } from '../../version.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { plural, size } from '../terminal/format.ts';
import { standardOutput, wrapped } from '../terminal/terminal.ts';

const options = { json: { help: 'One JSON object on standard output.' } } as const satisfies OptionSpecs;

/** One thing that was tried. */
interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'broken';
  readonly found: string;
  readonly fix: string | null;
  readonly executors?: readonly ExecutorReport[];
}

type Finding = Omit<Check, 'name'>;

const ok = (found: string): Finding => ({ state: 'ok', found, fix: null });
const warning = (found: string, fix: string): Finding => ({ state: 'warning', found, fix });
const broken = (found: string, fix: string): Finding => ({ state: 'broken', found, fix });

const REINSTALL = 'Reinstall Sluice (npm install) on this system with this version of Node.';

const checks: readonly (readonly [name: string, check: () => Finding | Promise<Finding>, fix: string])[] = [
  ['Node.js', nodeVersion, 'Install Node.js 20.19 or later.'],
  ['processor', processor, ''],
  ['memory', memory, ''],
  ['disk', disk, 'Change to a writable folder.'],
  ['kernels', kernels, REINSTALL],
  ['zstd', zstd, REINSTALL],
  ['Parquet', parquet, REINSTALL],
  ['DuckDB', duckdb, `${REINSTALL} Only sql, explain and clusters need it.`],
  ['TypeScript', typeScript, `${REINSTALL} Recipes in JavaScript work without it.`],
  ['recipes', recipes, REINSTALL],
  ['models', models, 'Only steps that use a language model need this.'],
];

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('doctor', args, options, ['s3://bucket/prefix?']);
  if (positionals.length > 0 && !isUrl(positionals[0])) throw noStore(positionals[0]);
  if (positionals.length > 0) return (await import('./store-check.ts')).checkStore(positionals[0], values.json);
  const found: Check[] = [];
  for (const [name, check, fix] of checks) found.push({ name, ...(await tried(check, fix)) });
  const fine = found.every((c) => c.state !== 'broken');
  const { out, style, width } = standardOutput();
  if (values.json) {
    out(safeJson(JSON.stringify({ sluice: SLUICE_VERSION, ok: fine, checks: found }, null, 2)));
    return fine ? 0 : 1;
  }
  out(`${style.bold('sluice')} ${SLUICE_VERSION}`);
  const marks = { ok: style.green('ok'), warning: style.yellow('!!'), broken: style.red('no') };
  for (const c of found) {
    const [first, ...rest] = wrapped(safeText(c.found), width - 18);
    out(`  ${marks[c.state]}  ${c.name.padEnd(11)} ${first}`);
    for (const line of rest) out(' '.repeat(18) + line);
    for (const e of c.executors ?? []) {
      const [first, ...rest] = wrapped(executorLine(e), width - 30);
      out(`        ${e.reason ? '-' : '+'} ${e.name.padEnd(19)} ${first}`);
      for (const line of rest) out(' '.repeat(30) + line);
    }
    if (c.fix) for (const line of wrapped(c.fix, width, ' '.repeat(18))) out(style.cyan(line));
  }
  out(fine ? 'Everything Sluice needs is installed.' : style.red('Something Sluice needs is missing; see above.'));
  return fine ? 0 : 1;
}

const noStore = (given: string): ConfigError =>
  new ConfigError({
    expected: 'the address of a store (s3://bucket/prefix), or nothing',
    got: `'${given}'`,
    where: 'sluice doctor',
    fix: 'Without an address it looks at this machine; sluice status DIR --verify looks at the files of a run.',
  });

async function tried(check: () => Finding | Promise<Finding>, fix: string): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return broken((error as Error).message.split('\n')[0], fix);
  }
}

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`;
  const fine = major > 20 || (major === 20 && minor >= 19);
  return fine ? ok(found) : broken(found, 'Install Node.js 20.19 or later.');
}

function processor(): Finding {
  const threads = availableParallelism();
  return ok(`${plural(threads, 'core')} for workers${cpus()[0] ? `, ${cpus()[0].model.trim()}` : ''}`);
}

function memory(): Finding {
  const found = `${size(freemem())} free of ${size(totalmem())}`;
  return freemem() > 500e6
    ? ok(found)
    : warning(found, 'A run takes about 450 MB. Free some memory, or use --memory 64MB --workers 1.');
}

async function disk(): Promise<Finding> {
  const { bavail, bsize } = await statfs('.');
  const found = `${size(bavail * bsize)} free in this folder`;
  return bavail * bsize > 2e9
    ? ok(found)
    : warning(
        found,
        'Deduplication needs as much free space as the text is large. Choose another folder with --output.',
      );
}

/** Five words, one of them in capitals: counted by the kernel and by hand. */
async function kernels(): Promise<Finding> {
  const kernel = await loadKernel();
  const text = new TextEncoder().encode('The mill by the RIVER.');
  const values = kernel.statistics(text, Int32Array.from([0, text.length]), 1, Uint8Array.from([1]), 0xffffffff);
  const words = values[STATISTICS.findIndex((s) => s.name === 'gopher_word_count')];
  return words === 5
    ? ok('WebAssembly with SIMD, self-check passed')
    : broken(`expected 5 words, the kernel counted ${words}`, REINSTALL);
}

async function zstd(): Promise<Finding> {
  const { compress, decompress } = await loadZstdModule();
  const data = new TextEncoder().encode('water '.repeat(100));
  const back = decompress(compress(data, 3));
  return Buffer.compare(back, data) === 0
    ? ok('compresses and decompresses')
    : broken('decompressed data differ from the original', REINSTALL);
}

async function parquet(): Promise<Finding> {
  await import('hyparquet');
  return ok('reader loads');
}

async function duckdb(): Promise<Finding> {
  const { DuckDBInstance, version } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const [[n]] = await (await connection.run('SELECT 6 * 7')).getRows();
  connection.closeSync();
  instance.closeSync();
  return n === 42 ? ok(`${version()}`) : broken(`expected 42, got ${String(n)}`, REINSTALL);
}

async function typeScript(): Promise<Finding> {
  await import('tsx/esm/api');
  return ok('TypeScript recipes load');
}

async function recipes(): Promise<Finding> {
  const all = await builtInRecipes();
  return all.length > 0 ? ok(all.map((r) => r.name).join(', ')) : broken('no built-in recipe found', REINSTALL);
}

/** What can run language models here, best first; nothing of it is needed by the engine. */
async function models(): Promise<Finding> {
  const executors = await surveyExecutors();
  const named = process.env.SLUICE_EXECUTOR;
  if (named && named !== 'auto') return { ...namedExecutor(named, executors), executors };
  const best = executors.find((e) => e.reason === null && !e.onlyByName);
  if (!best) {
    const fix = executors.find((e) => e.name === 'onnxruntime-cpu')!.reason!;
    return { ...warning('no runtime for language models (only steps that use a model need one)', fix), executors };
  }
  return { ...ok(`${best.description}, ${rate(best)}`), executors };
}

/** What SLUICE_EXECUTOR names is taken, whatever would be better. */
function namedExecutor(name: string, executors: readonly ExecutorReport[]): Finding {
  if (name === 'reference')
    return ok('reference, selected by SLUICE_EXECUTOR; thousands of times slower than the others');
  const report = executors.find((e) => e.name === name);
  const reason = report ? report.reason?.split('\n')[0] : 'no executor has this name';
  return report && !reason
    ? ok(`${report.description}, ${rate(report)}, selected by SLUICE_EXECUTOR`)
    : warning(`SLUICE_EXECUTOR is ${name}: ${reason}`, 'Unset it, or set it to one that works (+).');
}

function rate({ gflops }: ExecutorReport): string {
  return `${gflops! < 10 ? gflops!.toFixed(1) : Math.round(gflops!)} GFLOP/s`;
}

function executorLine(e: ExecutorReport): string {
  const reason = e.reason
    ?.split('\n')[0]
    .replace(/^the optional package \S+ is not installed\. Run:/, 'not installed:');
  return safeText(
    `${reason ?? rate(e)}${e.onlyByName ? ', slower than the CPU: used only when selected by name' : ''}`,
  );
}

export const doctor: Command = {
  help: {
    usage: '[s3://bucket/prefix] [--json]',
    about:
      'Checks everything Sluice needs on this machine, and says how to fix what is missing. Exit code 1 if ' +
      'something required is broken. With the address of a store: tries whether a run can write there, with ' +
      'objects of its own that it deletes.',
    options,
    examples: [
      ['sluice doctor', 'after installing, or when something looks wrong'],
      ['sluice doctor s3://bucket/runs', 'before a run writes there'],
    ],
  },
  run,
};
