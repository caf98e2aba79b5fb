// Speed of the readers as a ratio to JSON.parse per line of the same documents in the same process (MB of text a
// CPU-second, all threads, median of 5): npx tsx scripts/bench/readers.ts [--json] [--mb 40] [--only zst] Every case
// has a process of its own: buffers that another one holds would make its garbage collections dearer. Text: mixed/ of
// $SLUICE_CORPORA or ../shared/corpora beside the clone, else the text files of node_modules.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { Table as ArrowTable, tableToIPC } from 'apache-arrow';
import { decompress } from 'fzstd';
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { scanNames } from '../../src/kernels/scanner.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { toArrow } from '../../src/streams/batch/to-arrow.ts';
import { unpack } from '../../src/streams/codecs/unpack.ts';
import { openWindow } from '../../src/streams/codecs/window.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { readSplit } from '../../src/streams/formats/read-split.ts';
import { readOptions } from '../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../src/streams/plan/plan.ts';
import { benchmarkLines, corporaFolder, inTemporaryFolder, median } from './corpus.ts';

/** Rounds that count, and those before them: a stream is long, so code is measured once the engine has compiled it. */
const ROUNDS = 5;
const WARM_UP = 25;
const { values: given } = parseArgs({
  options: {
    json: { type: 'boolean' },
    mb: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
    case: { type: 'string' },
  },
});
const options = readOptions.parse({});

/** What a case may use. */
interface Bench {
  readonly lines: Buffer;
  /** The lines as a plain file. */
  readonly input: string;
  readonly write: (name: string, bytes: Uint8Array) => string;
}
type Work = () => unknown;
/** What is measured, once prepared; `share` = bytes it reads, as a share of the lines. */
type Prepare = (bench: Bench) => Promise<{ work: Work; share?: number }>;

let sum = 0;
/** @param reuse batches die with the next one, as `sluice run` reads them; else they are the caller's. */
async function batches(path: string, reuse: boolean, use: (batch: DocumentBatch) => void): Promise<void> {
  const kernel = await thread;
  const plan = await planSplits([path], options);
  const onQuarantine = (r: { detail: string }): never => {
    throw new Error(r.detail);
  };
  for (const split of plan.splits)
    for await (const batch of readSplit(split, plan, options, { kernel, onQuarantine, reuse })) use(batch);
}
const thread = loadKernel();
const read = (path: string, reuse = true): Work => {
  return () =>
    batches(path, reuse, (b) => {
      sum += b.rows;
    });
};
const unpackOnly = (path: string): Work => {
  return async () => {
    const plan = await planSplits([path], options);
    const window = await openWindow(path, plan.files[0].size);
    for await (const piece of unpack(window, plan.files[0].codec, 0, { maxRatio: 200 }))
      sum += 'damage' in piece ? 0 : piece.bytes.length;
    await window.close();
  };
};

/** Whole lines of about so many bytes each. */
function cut(lines: Buffer, bytes: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < lines.length; ) {
    const newline = lines.indexOf(10, Math.min(lines.length - 1, at + bytes));
    const end = newline < 0 ? lines.length : newline + 1;
    parts.push(lines.subarray(at, end));
    at = end;
  }
  return parts;
}

const gz = ({ lines, write }: Bench): string => write('a.jsonl.gz', gzipSync(lines, { level: 6 }));
async function frames({ lines, write }: Bench): Promise<string> {
  const { compress } = await loadZstdModule();
  return write('a.jsonl.zst', Buffer.concat(cut(lines, 4 * 1024 * 1024).map((f) => compress(f, 3))));
}
/** A frame without its size, larger than what is unpacked in one go: only the corpora have them. */
function foreign(lines: Buffer): { path: string; share: number } {
  const corpora = corporaFolder();
  if (corpora === null) throw new Error('no corpora');
  const path = join(corpora, 'mixed', 'books-00.jsonl.zst');
  return { path, share: decompress(readFileSync(path)).length / lines.length };
}
async function table(input: string): Promise<ArrowTable> {
  const all: DocumentBatch[] = [];
  await batches(input, false, (b) => void all.push(b));
  return new ArrowTable(all.map((b) => toArrow(b)));
}
async function parquet({ input, write }: Bench, compression: Compression): Promise<string> {
  const properties = new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(8192).build();
  return write('a.parquet', writeParquet(Table.fromIPCStream(tableToIPC(await table(input), 'stream')), properties));
}

const CASES: Readonly<Record<string, Prepare>> = {
  async 'jsonl scan kernel'({ lines }) {
    const kernel = await thread;
    const names = scanNames({ text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] })!;
    const chunks = cut(lines, 256 * 1024);
    return {
      work: () => {
        for (const chunk of chunks) sum += kernel.scanLines(chunk, names, 1e9).rows;
      },
    };
  },
  jsonl: async ({ input }) => ({ work: read(input) }),
  'jsonl, batches kept': async ({ input }) => ({ work: read(input, false) }),
  'jsonl.gz unpack': async (bench) => ({ work: unpackOnly(gz(bench)) }),
  'jsonl.gz': async (bench) => ({ work: read(gz(bench)) }),
  'jsonl.zst frames unpack': async (bench) => ({ work: unpackOnly(await frames(bench)) }),
  'jsonl.zst frames': async (bench) => ({ work: read(await frames(bench)) }),
  async 'jsonl.zst stream unpack'({ lines }) {
    const { path, share } = foreign(lines);
    return { work: unpackOnly(path), share };
  },
  async 'jsonl.zst stream'({ lines }) {
    const { path, share } = foreign(lines);
    return { work: read(path), share };
  },
  'parquet snappy': async (bench) => ({ work: read(await parquet(bench, Compression.SNAPPY)) }),
  'parquet zstd': async (bench) => ({ work: read(await parquet(bench, Compression.ZSTD)) }),
  arrow: async ({ input, write }) => ({ work: read(write('a.arrow', tableToIPC(await table(input), 'file'))) }),
  async 'content hash'({ input }) {
    const kernel = await thread;
    const texts: { values: Uint8Array; offsets: Int32Array; rows: number }[] = [];
    await batches(input, false, (b) => void texts.push({ ...b.utf8('text'), rows: b.rows }));
    return {
      work: () => {
        for (const { values, offsets, rows } of texts)
          sum += Number(kernel.contentHashes(values, offsets, rows, null)[0] & 1n);
      },
    };
  },
};

interface Result {
  readonly name: string;
  readonly ratio: number;
  readonly documents: number;
  readonly textBytes: number;
  readonly jsonParseMbs: number;
  readonly what: string;
}

/** UTF-8 bytes of the texts of some lines. */
const textBytesOf = (part: Buffer): number =>
  part
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .reduce((n, line) => n + Buffer.byteLength((JSON.parse(line) as { text: string }).text), 0);

async function measure(name: string, prepare: Prepare): Promise<Result> {
  const { lines, what } = benchmarkLines(Number(given.mb) * 1e6);
  const { folder, input, done } = inTemporaryFolder(lines);
  try {
    const write = (file: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, file), bytes);
      return join(folder, file);
    };
    const { work, share = 1 } = await prepare({ lines, input, write });
    const baseline: number[] = [];
    let documents = 0;
    let chars = 0;
    const parse = (): void => {
      documents = chars = 0;
      for (let at = 0; at < lines.length; ) {
        const end = lines.indexOf(10, at) + 1 || lines.length + 1;
        const { text } = JSON.parse(lines.toString('utf8', at, end - 1)) as { text: string };
        chars += text.length;
        documents++;
        at = end;
      }
    };
    // JSON.parse before and after, so that its garbage is not in the way and a busy neighbour shows on both sides.
    const parseRounds = async (): Promise<void> => {
      for (let round = 0; round < 2; round++) parse();
      for (let round = 0; round < ROUNDS; round++) baseline.push(await seconds(parse));
    };
    await parseRounds();
    const bytes = cut(lines, 1e6).reduce((n, part) => n + textBytesOf(part), 0);
    collect();
    const spent: number[] = [];
    for (let round = 0; round < WARM_UP; round++) await work();
    for (let round = 0; round < ROUNDS; round++) spent.push(await seconds(work));
    await parseRounds();
    const ratio = (median(baseline) * share) / median(spent);
    if (sum === 0 || chars === 0) throw new Error('nothing was read');
    return {
      name,
      ratio,
      documents,
      textBytes: bytes,
      jsonParseMbs: bytes / 1e6 / median(baseline),
      what,
    };
  } finally {
    done();
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** CPU time of all threads of the process. */
async function seconds(work: Work): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

if (given.case !== undefined) process.stdout.write(JSON.stringify(await measure(given.case, CASES[given.case])));
else {
  const results: Result[] = [];
  for (const name of Object.keys(CASES).filter((n) => n.includes(given.only))) {
    if (name.includes('stream') && corporaFolder() === null) continue;
    // As the threads of a run have it.
    const args = [
      '--initial-old-space-size=64',
      ...process.execArgv,
      fileURLToPath(import.meta.url),
      '--case',
      name,
      '--mb',
      given.mb,
    ];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.status !== 0) throw new Error(`${name}: exit code ${child.status}`);
    const result = JSON.parse(child.stdout) as Result;
    results.push(result);
    if (given.json) continue;
    const { documents, textBytes, jsonParseMbs, what, ratio } = result;
    if (results.length === 1)
      process.stdout.write(`${documents} documents, ${(textBytes / 1e6).toFixed(0)} MB of text (${what})\n`);
    process.stdout.write(
      `${name.padEnd(26)} ${ratio.toFixed(2).padStart(6)} x JSON.parse ` +
        `${(ratio * jsonParseMbs).toFixed(0).padStart(6)} MB/s\n`,
    );
  }
  if (given.json) process.stdout.write(`${JSON.stringify(results)}\n`);
}
