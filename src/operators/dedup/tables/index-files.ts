import { closeSync, createReadStream, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError, InputError } from '../../../errors.ts';
import { canonicalJson, loadXxhash } from '../../../hash.ts';
import type { Json } from '../../../streams/operator.ts';

/**
 * What an index holds: a Bloom filter, 128-bit hashes in the order of adding, or band keys and signatures of MinHash.
 */
export type IndexKind = 'bloom' | 'hashes' | 'minhash';

/** The head of an index file. */
export interface IndexHeader {
  readonly kind: IndexKind;
  /** Version of the payload of that kind. */
  readonly version: number;
  /** What must be equal for keys to mean the same: key, normalisation, hash. */
  readonly parameters: { readonly [key: string]: Json };
  /** What the payload needs to be read: blocks, rates. */
  readonly layout: { readonly [key: string]: Json };
  /** Keys that were added. */
  readonly keys: number;
}

/** An index of an earlier run, as it stands in a descriptor: another content makes another recipe. */
export interface IndexReference {
  readonly path: string;
  /** xxh64 over header and payload, hexadecimal. */
  readonly xxh64: string;
}

/** `SLUICEIX`, u32 format, u32 bytes of the header, u64 xxh64, then the header as JSON and the payload. */
const MAGIC = Buffer.from('SLUICEIX');
const FORMAT = 1;
const FIXED_BYTES = 24;
/** Bytes that are hashed at once. */
const PIECE = 1 << 22;

interface Head extends IndexReference {
  readonly header: IndexHeader;
  readonly payloadAt: number;
}

/** Reads the head of an index file; the payload is not looked at. */
export function readIndexHead(path: string): Head {
  const fail = (expected: string, got: string): never => {
    throw new InputError({
      expected,
      got,
      where: path,
      fix: 'Give the run directory or the index file of an earlier run.',
    });
  };
  const handle = openSync(path, 'r');
  try {
    const fixed = Buffer.alloc(FIXED_BYTES);
    if (readSync(handle, fixed, 0, FIXED_BYTES, 0) < FIXED_BYTES || !fixed.subarray(0, 8).equals(MAGIC))
      return fail('an index of Sluice', 'another file');
    const format = fixed.readUInt32LE(8);
    if (format !== FORMAT) return fail(`index format ${FORMAT}`, String(format));
    const bytes = Buffer.alloc(Math.min(fixed.readUInt32LE(12), 1 << 20));
    readSync(handle, bytes, 0, bytes.length, FIXED_BYTES);
    const header = JSON.parse(bytes.toString('utf8')) as IndexHeader;
    const xxh64 = fixed.readBigUInt64LE(16).toString(16).padStart(16, '0');
    return { path, xxh64, header, payloadAt: FIXED_BYTES + bytes.length };
  } catch (cause) {
    if (cause instanceof SyntaxError) return fail('an index with a header', cause.message);
    throw cause;
  } finally {
    closeSync(handle);
  }
}

/**
 * The indexes that paths name: index files, or run directories with one of the kind and the parameters.
 * Errors: ConfigError when there is none, several, or one of another kind, version or other parameters.
 */
export function findIndexes(
  paths: readonly string[],
  wanted: Pick<IndexHeader, 'kind' | 'version' | 'parameters'>,
  step: string,
): IndexReference[] {
  return paths.map((given) => {
    const path = resolve(given);
    const stat = statSync(path, { throwIfNoEntry: false });
    const where = `step ${step}, against '${given}'`;
    if (stat === undefined)
      throw new ConfigError({ expected: 'a run directory or an index file', got: 'nothing there', where });
    if (!stat.isDirectory()) return checked(readIndexHead(path), wanted, where);
    const folder = join(path, 'indexes');
    const names = statSync(folder, { throwIfNoEntry: false })
      ? readdirSync(folder).filter((n) => !n.endsWith('.tmp'))
      : [];
    const heads = names.sort().map((n) => readIndexHead(join(folder, n)));
    const fitting = heads.filter((h) => differenceOf(h.header, wanted) === null);
    if (fitting.length === 1) return { path: fitting[0].path, xxh64: fitting[0].xxh64 };
    if (heads.length === 1) return checked(heads[0], wanted, where);
    throw new ConfigError({
      expected: `one index of kind ${wanted.kind} with the same parameters`,
      got:
        fitting.length > 1
          ? `${fitting.length} of them`
          : names.length === 0
            ? 'a run without an index'
            : names.join(', '),
      where,
      fix: fitting.length > 1 ? 'Name the file.' : 'Run the earlier one with saveIndex: true.',
    });
  });
}

function checked(
  { path, xxh64, header }: Head,
  wanted: Pick<IndexHeader, 'kind' | 'version' | 'parameters'>,
  where: string,
): IndexReference {
  const difference = differenceOf(header, wanted);
  if (difference === null) return { path, xxh64 };
  throw new ConfigError({
    expected: difference.expected,
    got: difference.got,
    where,
    fix: 'Give both runs the same step with the same options, or leave this index out.',
  });
}

function differenceOf(
  header: IndexHeader,
  wanted: Pick<IndexHeader, 'kind' | 'version' | 'parameters'>,
): { expected: string; got: string } | null {
  if (header.kind !== wanted.kind) return { expected: `an index of kind ${wanted.kind}`, got: header.kind };
  if (header.version !== wanted.version)
    return { expected: `version ${wanted.version} of a ${wanted.kind} index`, got: String(header.version) };
  for (const name of new Set([...Object.keys(wanted.parameters), ...Object.keys(header.parameters)])) {
    const [a, b] = [canonicalJson(wanted.parameters[name] ?? null), canonicalJson(header.parameters[name] ?? null)];
    if (a !== b) return { expected: `an index with ${name} = ${a}`, got: `${name} = ${b}` };
  }
  return null;
}

/** Reads an index whole. Errors: InputError when its bytes are not those of its checksum, or of the reference. */
export async function readIndex(reference: IndexReference): Promise<{ header: IndexHeader; payload: Uint8Array }> {
  const { header, payloadAt } = await checkIndex(reference);
  const bytes = readFileSync(reference.path);
  // No Buffer: its `slice` would not copy.
  return { header, payload: new Uint8Array(bytes.buffer, bytes.byteOffset + payloadAt, bytes.length - payloadAt) };
}

/** Reads an index to its end, a piece at a time, and says where the payload begins. Errors: as of `readIndex`. */
export async function checkIndex(reference: IndexReference): Promise<{ header: IndexHeader; payloadAt: number }> {
  const head = readIndexHead(reference.path);
  const hash = (await loadXxhash()).create64();
  for await (const piece of createReadStream(reference.path, { start: FIXED_BYTES, highWaterMark: PIECE }))
    hash.update(piece as Uint8Array);
  const xxh64 = hash.digest().toString(16).padStart(16, '0');
  if (xxh64 !== head.xxh64 || xxh64 !== reference.xxh64) {
    throw new InputError({
      expected: `an index with checksum ${reference.xxh64}`,
      got: xxh64 === head.xxh64 ? `another index (${xxh64})` : 'damaged bytes',
      where: reference.path,
      fix: 'It changed since the run was started, or the disk did: restore it, or run the earlier run again.',
    });
  }
  return head;
}

/** Writes an index, durable, to exactly this path; the payload may be made on the way. */
export async function writeIndex(
  path: string,
  header: IndexHeader,
  payload: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const head = Buffer.from(canonicalJson(header));
  const fixed = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(fixed);
  fixed.writeUInt32LE(FORMAT, 8);
  fixed.writeUInt32LE(head.length, 12);
  const hash = (await loadXxhash()).create64();
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    await file.writeFile(fixed);
    await file.writeFile(head);
    hash.update(head);
    for await (const part of payload) {
      for (let at = 0; at < part.length; at += PIECE) hash.update(part.subarray(at, at + PIECE));
      await file.writeFile(part);
    }
    // Known only now; without it the file is damaged, as one that was cut off must be.
    fixed.writeBigUInt64LE(hash.digest(), 16);
    await file.write(fixed, 0, FIXED_BYTES, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
