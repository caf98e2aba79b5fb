import { join } from 'node:path';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, utf8Column } from '../../src/streams/batch/columns.ts';
import type { BarrierSplit } from '../../src/streams/flow/barrier.ts';
import { encodeFrame } from '../../src/streams/flow/spill.ts';
import { SpillWriter } from '../../src/streams/flow/spill-file.ts';
import { temporaryFolder } from './run.ts';

/** A 128-bit hash whose number decides every word: equal numbers are equal hashes; null: none. */
export function hashWords(n: number | null): Uint32Array {
  if (n === null) return new Uint32Array(4);
  return Uint32Array.from([0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f], (m) => Math.imul(n + 1, m));
}

/** The bytes of hashes one after the other, as an index holds them. */
export function hashBytes(numbers: readonly (number | null)[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers.flatMap((n) => [...hashWords(n)])).buffer);
}

/**
 * Key files of splits, frame by frame. @param frames of each split: the side columns of a frame, by its first
 * document
 */
export async function keySplits<T>(
  splits: readonly (readonly (readonly T[])[])[],
  columns: (rows: readonly T[], first: number) => [string, Column][],
): Promise<BarrierSplit[]> {
  const folder = await temporaryFolder();
  let first = 0;
  const out: BarrierSplit[] = [];
  for (const [split, frames] of splits.entries()) {
    const paths = { split, spill: join(folder, `spill-${split}`), keys: join(folder, `keys-${split}`) };
    await (await SpillWriter.open(paths.spill)).finish();
    const writer = await SpillWriter.open(paths.keys);
    for (const rows of frames) {
      const labels = utf8Column(rows.map((_, i) => `f#0.${first + i}`));
      const batch = new DocumentBatch({
        rows: rows.length,
        split,
        sequence: 0,
        columns: new Map([...columns(rows, first), ['label', labels]]),
      });
      await writer.writeFrame(encodeFrame(batch));
      first += rows.length;
    }
    await writer.finish();
    out.push(paths);
  }
  return out;
}

/** Two halves of hashes as side columns. */
export function halves(names: readonly [string, string], numbers: readonly (number | null)[]): [string, Column][] {
  const words = numbers.map(hashWords);
  return names.map((name, half) => {
    const flat = Uint32Array.from(words.flatMap((w) => [w[2 * half], w[2 * half + 1]]));
    return [name, { type: 'int64', values: new BigInt64Array(flat.buffer), valid: null }];
  });
}
