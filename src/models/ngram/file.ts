import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { ConfigError, InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { readArpa } from './arpa.ts';
import { isOwnArpa } from './arpa-mark.ts';
import type { NgramModel, NgramOrigin } from './model.ts';
import type { Split } from './split.ts';
import { Vocabulary } from './vocabulary.ts';

/*
 * Layout, little-endian: 8 bytes `SLNGRAM1`, u32 bytes of the header, the header as JSON padded with spaces so that
 * what follows is 8-byte aligned, then the arrays, each padded with zeros to 8. The header has the SHA-256 of all that
 * follows it. Format 2 added the last array, hashes of what the model was trained on, and how they were grouped.
 */
const MAGIC = 'SLNGRAM1';
const FORMATS = [1, 2];
const FORMAT = 2;

interface Header {
  readonly format: number;
  readonly split: Split;
  readonly order: number;
  readonly origin: NgramOrigin;
  /** Elements of each array, in order of `ARRAYS`. */
  readonly lengths: readonly number[];
  readonly sha256: string;
  /** Null where it is not known what the model was trained on; absent in format 1. */
  readonly groupBy?: string | null;
}

const SPLITS: readonly Split[] = ['bytes', 'words', 'whitespace'];

const ARRAYS = [
  Uint8Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Float32Array,
  Int32Array,
  Float32Array,
  Int32Array,
  BigUint64Array,
];

/** What can be said of a model file without reading all of it. */
export interface NgramFileInfo {
  /** Changes with whatever may change a score. */
  readonly hash: string;
  readonly split: Split | null;
  readonly order: number | null;
  /** How the documents it was trained on were grouped; null where that is not known. */
  readonly groupBy: string | null;
}

/** Bytes that are hashed or read at once. */
const PART = 1 << 26;

const digest = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  // Longer parts are refused by the hash.
  for (const part of parts) for (let at = 0; at < part.length; at += PART) hash.update(part.subarray(at, at + PART));
  return hash.digest('hex');
};

/**
 * Writes a model in Sluice's own format: arrays as they lie in memory, with version and checksum. @param signal ends
 * it, and nothing is left
 */
export async function writeNgram(
  path: string,
  { split, vocabulary, trie, origin, trainedOn }: NgramModel,
  signal?: AbortSignal,
): Promise<void> {
  const { bytes, offsets } = vocabulary.parts();
  const hashes = trainedOn?.hashes ?? new BigUint64Array();
  const { levels, token, log10, suffix, backoff, firstChild } = trie;
  const arrays = [bytes, offsets, levels, token, log10, suffix, backoff, firstChild, hashes];
  const body = arrays.flatMap((a) => [
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    new Uint8Array(padding(a.byteLength)),
  ]);
  const lengths = arrays.map((a) => a.length);
  const header: Header = {
    format: FORMAT,
    split,
    order: trie.order,
    origin,
    lengths,
    sha256: digest(...body),
    groupBy: trainedOn?.groupBy ?? null,
  };
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc(padding(12 + json.length), ' ')]);
  const head = Buffer.alloc(12);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(padded.length, 8);
  await writeWhole(path, [head, padded, ...body], { signal });
}

/** Whether Sluice has made a model file: its own format by its beginning, ARPA by its end. */
export async function isNgramFile(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(MAGIC.length);
    await file.read(head, 0, head.length, 0);
    return head.toString('latin1') === MAGIC || (await isOwnArpa(path));
  } finally {
    await file.close();
  }
}

const padding = (bytes: number): number => (8 - (bytes % 8)) % 8;

/**
 * Hash and kind of a model file, at once and in this thread; an ARPA file is read to its end for it.
 * Errors: ConfigError when it is not there, or no file.
 */
export function ngramFileInfo(path: string): NgramFileInfo {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new ConfigError({
      expected: 'an n-gram model',
      got: (cause as Error).message,
      where: path,
      fix: `Make one from clean text: sluice train-ngram --input 'clean/*.jsonl' --output ${path}`,
      cause,
    });
  }
  try {
    if (!fstatSync(file).isFile())
      throw new ConfigError({
        expected: 'a file with an n-gram model',
        got: 'a folder or another non-file',
        where: path,
        fix: 'Name the file that `sluice train-ngram` wrote. A folder with a neural model is for perplexity().',
      });
    const head = new Uint8Array(12);
    readSync(file, head, 0, 12, 0);
    if (!isOwn(head)) return { hash: fileDigest(file).slice(0, 16), split: null, order: null, groupBy: null };
    const bytes = new Uint8Array(headerBytes(head));
    readSync(file, bytes, 0, bytes.length, 12);
    const { format, split, order, lengths, sha256, groupBy } = parseHeader(bytes, path);
    // Not the name: it changes no score.
    const identity = JSON.stringify({ format, split, order, lengths, sha256, groupBy });
    return { hash: digest(Buffer.from(identity)).slice(0, 16), split, order, groupBy: groupBy ?? null };
  } finally {
    closeSync(file);
  }
}

/**
 * Loads a model file, its own format or ARPA, and the hash that `ngramFileInfo` gives.
 * @param split only for ARPA; see `readArpa`.
 * Errors: InputError for a damaged file, another version or something else.
 */
export async function loadNgram(path: string, split?: Split): Promise<{ model: NgramModel; hash: string }> {
  const { hash } = ngramFileInfo(path);
  const handle = await open(path, 'r');
  const head = new Uint8Array(12);
  await handle.read(head, 0, 12, 0);
  await handle.close();
  if (!isOwn(head)) return { model: await readArpa(path, split), hash };
  return { model: decodeNgram(await wholeFile(path), path), hash };
}

/** SHA-256 of a file of any size. */
function fileDigest(file: number): string {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(1 << 20);
  let at = 0;
  for (let n = readSync(file, buffer, 0, buffer.length, at); n > 0; n = readSync(file, buffer, 0, buffer.length, at)) {
    hash.update(buffer.subarray(0, n));
    at += n;
  }
  return hash.digest('hex');
}

/** A file of any size in a buffer of its own; `readFile` ends at 2 GiB. */
async function wholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let n = -1; at < size && n !== 0; at += n)
      n = (await file.read(bytes, at, Math.min(PART, size - at), at)).bytesRead;
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

const isOwn = (head: Uint8Array): boolean => Buffer.from(head.subarray(0, 8)).toString('latin1') === MAGIC;
const headerBytes = (head: Uint8Array): number => Math.min(new DataView(head.buffer).getUint32(8, true), 1 << 20);

function parseHeader(bytes: Uint8Array, path: string): Header {
  let header: Header;
  try {
    header = JSON.parse(Buffer.from(bytes).toString('utf8')) as Header;
  } catch (cause) {
    throw damaged(path, 'a header that is no JSON', cause);
  }
  if (!FORMATS.includes(header.format))
    throw new InputError({
      expected: `an n-gram model of format ${FORMAT}`,
      got: `format ${header.format}`,
      where: path,
      fix: 'Retrain it with this version of Sluice.',
    });
  return header;
}

function decodeNgram(file: Uint8Array, path: string): NgramModel {
  if (endianness() !== 'LE')
    throw new InputError({ expected: 'a little-endian machine', got: 'a big-endian one', where: path });
  // In a buffer of its own, so that arrays of 4-byte numbers may start in it.
  const own = file.byteOffset % 8 === 0 ? file : file.slice();
  const size = headerBytes(own.slice(0, 12));
  const header = parseHeader(own.subarray(12, 12 + size), path);
  const body = own.subarray(12 + size);
  if (digest(body) !== header.sha256) throw damaged(path, `${body.length} bytes with another checksum`);
  if (!fits(header, body.length)) throw damaged(path, 'a header that does not fit what follows it');
  let at = own.byteOffset + 12 + size;
  const arrays = ARRAYS.slice(0, header.lengths.length).map((Type, i) => {
    const array = new Type(own.buffer as ArrayBuffer, at, header.lengths[i]);
    at += array.byteLength + padding(array.byteLength);
    return array;
  });
  const [bytes, offsets, levels, token, log10, suffix, backoff, firstChild, hashes] = arrays as [
    Uint8Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Float32Array,
    Int32Array,
    Float32Array,
    Int32Array,
    BigUint64Array?,
  ];
  const { split, order, origin, groupBy } = header;
  const trie = { order, levels, token, log10, suffix, backoff, firstChild };
  return {
    split,
    vocabulary: Vocabulary.from(bytes, offsets),
    trie,
    origin,
    trainedOn: groupBy && hashes ? { groupBy, hashes } : null,
  };
}

/** The checksum is of the arrays; that the header was not changed, its numbers must show. */
function fits({ lengths, order, split }: Header, bytes: number): boolean {
  if (!Array.isArray(lengths) || !lengths.every((n) => Number.isSafeInteger(n) && n >= 0)) return false;
  if (lengths.length !== ARRAYS.length && lengths.length !== ARRAYS.length - 1) return false;
  const [, offsets, levels, token, log10, suffix, backoff, firstChild] = lengths;
  const needed = lengths.reduce((sum, n, i) => {
    const size = n * ARRAYS[i].BYTES_PER_ELEMENT;
    return sum + size + padding(size);
  }, 0);
  const nodes = token === log10 && token === suffix && firstChild === backoff + 1 && offsets > 0;
  return needed === bytes && nodes && levels === order + 1 && SPLITS.includes(split);
}

const damaged = (path: string, got: string, cause?: unknown): InputError =>
  new InputError({
    expected: 'the n-gram model as it was written',
    got,
    where: path,
    fix: 'It was changed or truncated. Copy it again, or retrain it.',
    cause,
  });
