import { join } from 'node:path';
import { InputError, InvariantError } from '../errors.ts';
import { diskError, type FileSystem, nodeFileSystem, type OpenFile } from '../files/file-system.ts';
import { loadXxhash } from '../hash.ts';
import { createOutputFile, type OutputFile, type OutputPlace, type SegmentFile } from './output-file.ts';

/** Bytes that a shard aims at: 256 MB. */
export const SHARD_BYTES = 256 * 1024 * 1024;

export interface PlannedShard<F extends SegmentFile = SegmentFile> {
  /** `part-00000-of-00012.parquet`. */
  readonly name: string;
  readonly inputs: readonly F[];
}

/**
 * Which consecutive segments become one shard: as many as fit into `shardBytes`; a larger segment is a shard of its
 * own. Depends on the order and sizes of the segments only.
 * @param extension without the dot
 */
export function planShards<F extends SegmentFile>(
  extension: string,
  segments: readonly F[],
  shardBytes: number,
): PlannedShard<F>[] {
  const groups: F[][] = [];
  let bytes = 0;
  for (const s of segments) {
    if (groups.length === 0 || bytes + s.bytes > shardBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups[groups.length - 1].push(s);
    bytes += s.bytes;
  }
  const number = (n: number): string => String(n).padStart(5, '0');
  return groups.map((inputs, i) => ({ name: `part-${number(i)}-of-${number(groups.length)}.${extension}`, inputs }));
}

/** Reads parts of one input. */
export interface RandomRead {
  readonly size: number;
  readonly path: string;
  bytes(from: number, to: number): Promise<Uint8Array>;
}

/** How files of one format become one file without encoding anything again. */
export interface Joiner {
  /**
   * Called for each input in order.
   * @param at position in the shard
   * @returns bytes to write first, and the range of the input to copy after them
   */
  input(file: RandomRead, at: number): Promise<{ before: readonly Uint8Array[]; start: number; end: number }>;
  tail(at: number): readonly Uint8Array[];
  /** Of an input, where what is copied of it changes; called anew for each. */
  change?(): { push(piece: Uint8Array): Uint8Array; end(): Uint8Array };
}

/** For formats that are joined by putting one file after the other: JSON lines, zstd frames, gzip members. */
export const concatenation: Joiner = {
  input: async (file) => ({ before: [], start: 0, end: file.size }),
  tail: () => [],
};

/** Bytes held at once while copying. */
const PIECE = 1024 * 1024;

/**
 * Writes `<path>.tmp` from finished segments, in 1 MB pieces, and makes it durable. Every input must still have the
 * hash it was committed with. Errors: InputError for a changed or unreadable input or a full disk; then nothing is
 * left.
 */
export async function joinFiles(
  place: OutputPlace,
  inputs: readonly SegmentFile[],
  joiner: Joiner,
): Promise<SegmentFile> {
  if (inputs.length === 0) throw new InvariantError({ expected: 'segments to join', got: 'none', where: place.path });
  const out = await createOutputFile(place);
  try {
    for (const input of inputs) await copyInput(place, input, joiner, out);
    for (const piece of joiner.tail(out.bytes)) await out.write(piece);
    const sum = (of: 'rows' | 'textBytes'): number => inputs.reduce((n, i) => n + i[of], 0);
    return { path: place.path, rows: sum('rows'), textBytes: sum('textBytes'), ...(await out.finish()) };
  } catch (error) {
    await out.abort();
    throw error;
  }
}

async function copyInput(
  { runDirectory, fileSystem = nodeFileSystem }: OutputPlace,
  input: SegmentFile,
  joiner: Joiner,
  out: OutputFile,
): Promise<void> {
  const path = join(runDirectory, input.path);
  const file = await openInput(path, fileSystem);
  try {
    const size = await fileSystem.size(file);
    const { before, start, end } = await joiner.input(
      { size, path, bytes: (from, to) => readExactly(fileSystem, file, path, from, to) },
      out.bytes,
    );
    for (const piece of before) await out.write(piece);
    const change = joiner.change?.();
    const write = async (bytes: Uint8Array): Promise<void> => {
      if (bytes.length > 0) await out.write(bytes);
    };
    const hash = (await loadXxhash()).create64();
    for (let at = 0; at < size; at += PIECE) {
      const piece = await readExactly(fileSystem, file, path, at, Math.min(size, at + PIECE));
      hash.update(piece);
      const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, Math.min(piece.length, end - at)));
      await write(change ? change.push(wanted) : wanted);
    }
    if (change) await write(change.end());
    const xxh64 = hash.digest().toString(16).padStart(16, '0');
    if (size === input.bytes && xxh64 === input.xxh64) return;
    throw new InputError({
      expected: `a segment of ${input.bytes} bytes with xxh64 ${input.xxh64}, as it was committed`,
      got: `${size} bytes with ${xxh64}`,
      where: path,
      fix: 'Another program or the disk changed it: start again with --fresh.',
    });
  } finally {
    await fileSystem.close(file);
  }
}

async function openInput(path: string, fileSystem: FileSystem): Promise<OpenFile> {
  try {
    return await fileSystem.open(path, 'r');
  } catch (error) {
    throw diskError(error, 'open a committed segment', path);
  }
}

async function readExactly(
  fileSystem: FileSystem,
  file: OpenFile,
  path: string,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const into = new Uint8Array(Math.max(0, to - from));
  let read: number;
  try {
    read = await fileSystem.read(file, into, from);
  } catch (error) {
    throw diskError(error, 'read a committed segment', path);
  }
  if (from < 0 || read !== into.length)
    throw new InputError({ expected: `bytes ${from} to ${to}`, got: 'the end of the file', where: path });
  return into;
}
