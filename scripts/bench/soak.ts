// Soak: a long run over generated text, watched all the way. Prints memory, heap, external memory, open files and
// throughput about every 30 seconds, then a verdict: flat when none of them grows over the second half of the long
// phase (Theil-Sen slope of the window peaks).
//   npm run bench:soak [-- --gb 20] [--workers 2] [--memory 256] [--every 30] [--json]
// Input takes a quarter of a gigabyte of disk whatever --gb is: two generated files, one plain and one gzipped, under
// many names (hard links). Of the documents one in twenty is kept and then the copies of the other names go at the
// barrier, so that output and spill stay small.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    memory: { type: 'string', default: '256' },
    every: { type: 'string', default: '30' },
    json: { type: 'boolean' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
const everySeconds = Number(values.every);
const SOURCE_BYTES = 128e6;

/** mulberry32. */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sentences of made-up words with some real function words, some beyond ASCII. */
function sentences(random: () => number): string[] {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)];
  const starts = ['b', 'd', 'f', 'gr', 'k', 'l', 'm', 'n', 'p', 'r', 's', 'st', 't', 'tr', 'v', 'w', 'ż'];
  const vowels = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'ó'];
  const syllable = (): string => pick(starts) + pick(vowels);
  const words = Array.from(
    { length: 4000 },
    () => syllable() + syllable() + (random() < 0.5 ? syllable() : pick(['n', 'r', 's'])),
  );
  const small = ['the', 'of', 'and', 'to', 'that', 'with', 'in', 'is', 'have', 'be'];
  return Array.from({ length: 20_000 }, () => {
    const text = Array.from({ length: 6 + Math.floor(random() * 14) }, () =>
      random() < 0.4 ? pick(small) : pick(words),
    );
    return `${text[0][0].toUpperCase()}${text.join(' ').slice(1)}.`;
  });
}

/** JSON lines of documents between 0.3 and 60 KB, one in twenty above 10,000 characters. */
function* documents(seed: number): Generator<string> {
  const random = generator(seed);
  const all = sentences(random);
  for (let bytes = 0, i = 0; bytes < SOURCE_BYTES; i++) {
    const long = random() < 0.05;
    const count = long ? 150 + Math.floor(random() * 400) : 3 + Math.floor(random() * 80);
    let text = `Document ${i} of ${seed}.`;
    for (let k = 0; k < count; k++) text += (random() < 0.12 ? '\n' : ' ') + all[Math.floor(random() * all.length)];
    const record = { id: `${seed}-${i}`, text, metadata: { domain: i % 3 === 0 ? 'books' : 'web' } };
    const line = `${JSON.stringify(record)}\n`;
    bytes += line.length;
    yield line;
  }
}

async function writeInput(target: number): Promise<void> {
  mkdirSync(join(folder, 'sources'));
  mkdirSync(join(folder, 'in'));
  const plain = join(folder, 'sources', 'plain.jsonl');
  const packed = join(folder, 'sources', 'packed.jsonl.gz');
  await pipeline(Readable.from(documents(1)), createWriteStream(plain));
  await pipeline(Readable.from(documents(2)), createGzip({ level: 3 }), createWriteStream(packed));
  for (let i = 0; i * SOURCE_BYTES < target; i++) {
    const name = String(i).padStart(5, '0');
    if (i % 2 === 0) linkSync(plain, join(folder, 'in', `${name}.jsonl`));
    else linkSync(packed, join(folder, 'in', `${name}.jsonl.gz`));
  }
}

const child = `
  import { readdirSync } from 'node:fs';
  import { annotate, dedup, drop, fineweb, gopherQuality, gopherQualityRules, gopherRepetition } from 'sluice';
  import { parquet, recipe, rule, run, textStatistics } from 'sluice';
  const soak = recipe({
    name: 'soak',
    steps: [
      annotate(gopherQuality(), gopherRepetition(), fineweb(), textStatistics(), { step: 'scores' }),
      drop('quality', gopherQualityRules()),
      drop('length', [rule('text_chars < 10000', { name: 'min_chars' })]),
      dedup.exact(),
    ],
    sinks: [parquet()],
    expected: { all: { max: 1 }, rules: { min_chars: { max: 1 } } },
  });
  const files = () => { try { return readdirSync('/proc/self/fd').length; }
    catch { return process.getActiveResourcesInfo().length; } };
  let last = null;
  const say = () => {
    if (!last) return;
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const { phaseNumber, counters, splitsDone } = last;
    console.log(JSON.stringify({ phase: phaseNumber, seconds: performance.now() / 1000, rss, heap: heapUsed,
      external: external + arrayBuffers, files: files(), text: counters.read.bytes,
      documents: counters.read.documents, splitsDone, cpu: (user + system) / 1e6 }));
  };
  const timer = setInterval(say, 1000);
  run(soak, { input: [process.env.SOAK_INPUT], output: process.env.SOAK_OUTPUT,
    workers: Number(process.env.SOAK_WORKERS), memory: Number(process.env.SOAK_MEMORY) * 2 ** 20 }).subscribe({
    next: (e) => { if (e.type === 'progress') last = e;
      if (e.type === 'finished') console.log(JSON.stringify({ totals: e.result.totals })); },
    error: (e) => { clearInterval(timer); console.error(e); process.exitCode = 1; },
    complete: () => clearInterval(timer),
  });
`;

interface Sample {
  readonly phase: number;
  readonly seconds: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  readonly files: number;
  readonly text: number;
  readonly documents: number;
  readonly splitsDone: number;
  readonly cpu: number;
}
type Totals = {
  readonly read: { readonly documents: number; readonly bytes: number };
  readonly kept: { readonly documents: number };
};

/** The greatest of each figure in every window of so many seconds. */
function windowsOf(samples: readonly Sample[], seconds: number): Sample[] {
  const out: Sample[] = [];
  for (let from = 0; from < samples.length; ) {
    let to = from;
    while (to < samples.length && samples[to].seconds < samples[from].seconds + seconds) to++;
    const part = samples.slice(from, to);
    const peak = (of: 'rss' | 'heap' | 'external' | 'files'): number => Math.max(...part.map((s) => s[of]));
    out.push({
      ...part[part.length - 1],
      rss: peak('rss'),
      heap: peak('heap'),
      external: peak('external'),
      files: peak('files'),
    });
    from = to;
  }
  return out;
}

/** Growth over the windows by the median of all slopes: one bad window moves it little (Sen 1968). */
function growth(windows: readonly Sample[], of: 'rss' | 'heap' | 'external' | 'files'): number {
  const slopes: number[] = [];
  for (let i = 0; i < windows.length; i++)
    for (let j = i + 1; j < windows.length; j++) slopes.push((windows[j][of] - windows[i][of]) / (j - i));
  slopes.sort((a, b) => a - b);
  return (slopes[slopes.length >> 1] ?? 0) * (windows.length - 1);
}

const MB = 2 ** 20;
const mb = (bytes: number): string => `${(bytes / MB).toFixed(0)} MB`;
function row(s: Sample, before: Sample | null): string {
  const seconds = s.seconds - (before?.seconds ?? 0);
  const rate = ((s.text - (before?.text ?? 0)) / 1e6 / seconds).toFixed(1);
  const perCpu = ((s.text - (before?.text ?? 0)) / 1e6 / (s.cpu - (before?.cpu ?? 0))).toFixed(1);
  const cells = [
    `${s.seconds.toFixed(0)} s`,
    `${(s.text / 1e9).toFixed(2)} GB`,
    mb(s.rss),
    mb(s.heap),
    mb(s.external),
    `${s.files}`,
    `${rate} MB/s`,
    `${perCpu} MB/CPU-s`,
  ];
  return cells.map((c) => c.padStart(13)).join('');
}

try {
  if (!values.json) console.log(`writing the two sources and their names for ${values.gb} GB ...`);
  await writeInput(Number(values.gb) * 1e9);
  const env = {
    ...process.env,
    SOAK_INPUT: join(folder, 'in'),
    SOAK_OUTPUT: join(folder, 'out'),
    SOAK_WORKERS: values.workers,
    SOAK_MEMORY: values.memory,
  };
  const soak = spawn(process.execPath, ['--input-type=module', '--eval', child], {
    cwd: join(import.meta.dirname, '../..'),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const samples: Sample[] = [];
  let totals: Totals | null = null;
  let shown: Sample | null = null;
  if (!values.json)
    console.log(
      ['time', 'text read', 'resident', 'heap', 'external', 'files', 'wall', 'CPU'].map((c) => c.padStart(13)).join(''),
    );
  const ended = once(soak, 'exit');
  for await (const line of createInterface({ input: soak.stdout })) {
    const said = JSON.parse(line) as Sample | { totals: Totals };
    if ('totals' in said) {
      totals = said.totals;
      continue;
    }
    samples.push(said);
    if (said.phase > 0 || said.text === shown?.text || (shown && said.seconds - shown.seconds < everySeconds)) continue;
    if (!values.json) console.log(row(said, shown));
    shown = said;
  }
  const [status] = (await ended) as [number | null];
  if (status !== 0 || totals === null) throw new Error(`the run ended with ${status}`);
  report(samples, totals);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report(samples: readonly Sample[], totals: Totals): void {
  // The barrier's decision and what comes after it are short, and other work.
  const reading = samples.findIndex((s) => s.phase > 0 || s.text >= totals.read.bytes);
  const long = reading < 0 ? samples : samples.slice(0, reading);
  const second = long.slice(long.length >> 1);
  const span = second.length === 0 ? 0 : second[second.length - 1].seconds - second[0].seconds;
  const windows = windowsOf(second, Math.min(everySeconds, Math.max(2, span / 12)));
  const median = [...windows].sort((a, b) => a.rss - b.rss)[windows.length >> 1]?.rss ?? 0;
  // What may come and go with the collector, and one worker's batch more or less.
  const figures = (
    [
      ['resident', 'rss', Math.max(32 * MB, 0.08 * median)],
      ['heap', 'heap', 16 * MB],
      ['external', 'external', 32 * MB],
      ['open files', 'files', 4],
    ] as const
  ).map(([name, of, limit]) => ({
    name,
    growth: growth(windows, of),
    limit,
    flat: growth(windows, of) <= limit,
    unit: of === 'files' ? '' : 'bytes',
  }));
  const peak = Math.max(...samples.map((s) => s.rss));
  const flat = figures.every((f) => f.flat);
  const enough = windows.length >= 6;
  const last = samples[samples.length - 1];
  if (values.json)
    console.log(
      JSON.stringify({
        textBytes: totals.read.bytes,
        documents: totals.read.documents,
        kept: totals.kept.documents,
        seconds: last.seconds,
        cpuSeconds: last.cpu,
        peakBytes: peak,
        figures,
        flat,
        samples: windowsOf(samples, everySeconds),
      }),
    );
  else {
    console.log(
      `\n${(totals.read.bytes / 1e9).toFixed(2)} GB of text, ${totals.read.documents} documents, ` +
        `${totals.kept.documents} kept, ${last.seconds.toFixed(0)} s, ${last.cpu.toFixed(0)} CPU-s; peak ` +
        `${mb(peak)} (limit ${Number(values.memory) + 200} MB)`,
    );
    for (const f of figures) {
      const show = (n: number): string => (f.unit === '' ? n.toFixed(1) : `${(n / MB).toFixed(1)} MB`);
      console.log(
        `  ${f.name.padEnd(10)} grew by ${show(f.growth)} over the second half (${windows.length} windows, ` +
          `limit ${show(f.limit)})`,
      );
    }
    console.log(flat ? (enough ? 'flat' : 'flat, but too short a run to say much: give more --gb') : 'NOT FLAT');
  }
  process.exitCode = flat ? 0 : 1;
}
