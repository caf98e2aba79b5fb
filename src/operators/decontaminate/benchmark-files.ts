import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ConfigError, InputError } from '../../errors.ts';
import { windowOver } from '../../streams/codecs/window.ts';
import { readZstd } from '../../streams/codecs/zstd.ts';
import { isGlob, parseGlob } from '../../streams/inputs/glob.ts';
import type { Json } from '../../streams/operator.ts';
import { type BenchmarkFields, type BenchmarkItem, itemOf } from './items.ts';

/** A benchmark file as it stands in the descriptor: another content makes another recipe. */
export interface BenchmarkFile {
  readonly path: string;
  /** Name in the ledger: the file name without extensions. */
  readonly name: string;
  readonly sha256: string;
}

const FILE = /\.(jsonl|ndjson|parquet)(\.(gz|zst))?$/;
/** A benchmark larger than this is none; it is read whole. */
const MOST_BYTES = 1024 * 1024 * 1024;

/**
 * Files of paths, folders and globs, by the bytes of their paths; each read once for its hash. Errors: ConfigError when
 * nothing is there.
 */
export function findBenchmarks(patterns: readonly string[], where: string): BenchmarkFile[] {
  const paths = patterns.flatMap((p) => expanded(p, where));
  return [...new Set(paths)].map((path) => {
    const size = statSync(path).size;
    if (size > MOST_BYTES)
      throw new ConfigError({ expected: 'a benchmark file of at most 1 GiB', got: `${size} bytes`, where: path });
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    return { path, name: basename(path).replace(FILE, '') || basename(path), sha256 };
  });
}

function expanded(pattern: string, where: string): string[] {
  const found = isGlob(pattern) ? globbed(pattern) : named(pattern);
  if (found.length > 0) return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  throw new ConfigError({
    expected:
      'a benchmark file, a folder with some, or a glob that matches some (.jsonl, .jsonl.gz, .jsonl.zst, .parquet)',
    got: `'${pattern}'`,
    where,
    fix: 'Check the path; quote globs so that the shell does not expand them.',
  });
}

function named(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isDirectory() ? filesBelow(resolve(path)).filter((p) => FILE.test(p)) : [resolve(path)];
}

function globbed(pattern: string): string[] {
  const { root, matches } = parseGlob(pattern);
  if (statSync(root, { throwIfNoEntry: false }) === undefined) return [];
  const folder = resolve(root);
  return filesBelow(folder).filter((p) => matches(p.slice(folder.length + 1).replaceAll('\\', '/')));
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath ?? e.path, e.name));

/**
 * Items of a file, in its order. Errors: InputError when it changed since it was hashed, is damaged, or no record has a
 * part of an item.
 */
export async function readBenchmark(file: BenchmarkFile, fields: BenchmarkFields): Promise<BenchmarkItem[]> {
  const bytes = readFileSync(file.path);
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
    throw new InputError({
      expected: 'the benchmark file that the recipe was made with',
      got: 'other contents',
      where: file.path,
      fix: 'Start the run again: it re-reads the file.',
    });
  }
  const records = file.path.endsWith('.parquet') ? await parquetRecords(file) : await jsonRecords(file, bytes);
  const items = records.flatMap((r, i) => itemOf(r, fields, file.name, i) ?? []);
  if (items.length > 0) return items;
  throw new InputError({
    expected:
      `records with a question (${fields.question.join(', ')}), an answer (${fields.answer.join(', ')}) or ` +
      `a passage (${fields.passage.join(', ')})`,
    got: records.length === 0 ? 'no record' : `fields ${Object.keys(Object(records[0])).join(', ')}`,
    where: file.path,
    fix: "Name the fields: decontaminate({ fields: { question: ['...'] } }).",
  });
}

async function jsonRecords({ path }: BenchmarkFile, bytes: Uint8Array): Promise<Json[]> {
  const text = Buffer.from(await unpacked(path, bytes)).toString('utf8');
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as Json];
    } catch (cause) {
      throw new InputError({
        expected: 'a JSON object a line',
        got: (cause as Error).message,
        where: `${path}:${i + 1}`,
        fix: "Name only files with benchmark items, such as 'gsm8k/*.jsonl'.",
        cause,
      });
    }
  });
}

async function unpacked(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (path.endsWith('.gz')) return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  if (!path.endsWith('.zst')) return bytes;
  const parts: Uint8Array[] = [];
  for await (const piece of readZstd(windowOver(new Uint8Array(bytes)), 0, { maxRatio: 200 })) {
    if ('damage' in piece)
      throw new InputError({
        expected: 'zstd frames',
        got: piece.damage.detail,
        where: path,
        fix: 'Get the file again.',
      });
    parts.push(piece.bytes.slice());
  }
  return Buffer.concat(parts);
}

async function parquetRecords({ path }: BenchmarkFile): Promise<Json[]> {
  const [{ asyncBufferFromFile, parquetReadObjects }, { pageCodecs }] = await Promise.all([
    import('hyparquet'),
    import('../../streams/codecs/pages.ts'),
  ]);
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors: await pageCodecs() });
  return rows.map((row) => plain(row));
}

/** Integers of 64 bits as numbers; anything that is no JSON as its words. */
function plain(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}
