import { join } from 'node:path';
import type { Piece } from '../../files/stores/fetch-file.ts';
import type { SharedFile, SharedFolder } from '../../files/stores/shared-folder.ts';
import { framesFor, type SentFile } from '../../streams/flow/rounds.ts';
import { NUMBER, numbersAt } from '../../streams/flow/spill-file.ts';

/** Splits of which files are fetched at once. */
export const FETCHED_AT_ONCE = 8;

/** Where a task has its pieces of files, below the folder of its process. */
export const fetchedFolder = ({ phase, task }: { readonly phase: { readonly name: string }; readonly task: number }) =>
  `fetched/${phase.name}-${task}`;

/**
 * The pieces of a file that have some bytes of it, in their order, and at last its end.
 * @param bytes in pairs, from and to, ascending
 */
export const piecesOf = (bytes: Float64Array, size: number): Piece[] => [
  ...Array.from({ length: bytes.length / 2 }, (_, k) => ({ start: bytes[2 * k], end: bytes[2 * k + 1] })),
  { start: size, end: size },
];

/** @param first of two numbers of an index that follow each other */
async function numbersIn(run: SharedFolder, path: string, first: number) {
  const place = { start: first * NUMBER, end: (first + 2) * NUMBER };
  const bytes = await run.bytes(path, place);
  const [a, b] = new Float64Array(new Uint8Array(bytes).buffer);
  return { a, b, piece: { ...place, bytes } };
}

/**
 * The side columns of a split in parts, of which one part can be read: what `writeParted` wrote. From a store its two
 * numbers of the index are fetched, and what they point to.
 * @param name below the folder of this process, where a file is made
 */
export async function partOfKeys(run: SharedFolder, keys: SharedFile, part: number, name: string): Promise<string> {
  if (run.stored === null) return run.part(keys.path, [], name);
  const { a, b, piece } = await numbersIn(run, keys.path, part);
  return run.part(keys.path, [piece, { start: a, end: b }], name);
}

/** A file of `writeDecisions` and its index. */
export interface DecisionFiles {
  readonly decisions: SharedFile;
  readonly index: SharedFile;
}

/**
 * A file of `writeDecisions` of which the decision on one split can be read. From a store that is all that is fetched.
 * @param files the index is here already @param at place of the split
 */
export async function decisionOn(run: SharedFolder, files: DecisionFiles, at: number, name: string) {
  const { decisions, index } = files;
  const [start, bytes] = run.stored === null ? [0, 0] : await numbersAt(join(run.path, index.path), 2 * at, 2);
  return run.part(decisions.path, [{ start, end: start + bytes }], name);
}

/**
 * A file of what a task of a round has sent, of which the rows for one part can be read. From a store the index is
 * fetched, and those rows.
 */
export async function sentTo(
  run: SharedFolder,
  [sent, index]: readonly SharedFile[],
  [part, parts]: readonly [number, number],
  name: string,
): Promise<SentFile> {
  await run.fetch([index]);
  const own = join(run.path, index.path);
  const frames = run.stored === null ? [] : await framesFor(own, part, parts);
  return { path: await run.part(sent.path, frames, name), index: own };
}
