import type { BarrierDecision, BarrierSplit } from '../../streams/barrier.ts';
import { concatColumns, isValid, stringAt, type Utf8Column } from '../../streams/columns.ts';
import { readSpill } from '../../streams/spill-file.ts';

/** Measured: two hashes, two places and a slot of the table. */
const BYTES_PER_DOCUMENT = 64;

/** The first document of each address stays; in partitions by hash, so that each fits the memory given. */
export async function* decideUrls(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const rows: number[] = [];
  for (const { keys } of splits) {
    let n = 0;
    for await (const frame of readSpill(keys)) n += frame.rows;
    rows.push(n);
  }
  const total = rows.reduce((a, b) => a + b, 0);
  const partitions = Math.max(1, Math.ceil((total * BYTES_PER_DOCUMENT) / memoryBytes));
  /** The first with the same address: split * 2^32 + row; -1 = none before. */
  const first = rows.map((n) => new Float64Array(n).fill(-1));
  for (let p = 0; p < partitions; p++)
    await firstsOf(splits, p, partitions, Math.ceil((1.3 * total) / partitions), first);
  const labels = await labelsOf(splits, first);
  for (const [s, { split, keys }] of splits.entries()) {
    const urls: Utf8Column[] = [];
    const counts: number[] = [];
    for await (const frame of readSpill(keys)) {
      urls.push(frame.utf8('url'));
      counts.push(frame.rows);
    }
    const copies = Array.from(first[s], (place) => (place < 0 ? null : (labels.get(place) ?? null)));
    yield {
      split,
      keep: Uint8Array.from(first[s], (place) => (place < 0 ? 1 : 0)),
      duplicateOf: copies,
      similarity: Float64Array.from(first[s], (place) => (place < 0 ? Number.NaN : 1)),
      ...(urls.length > 0 && { columns: new Map([['url_normal', concatColumns(urls, counts)]]) }),
    };
  }
}

async function firstsOf(
  splits: readonly BarrierSplit[],
  partition: number,
  partitions: number,
  expected: number,
  first: readonly Float64Array[],
): Promise<void> {
  let capacity = 2 ** Math.ceil(Math.log2(2 * expected + 64));
  let places = new Float64Array(capacity).fill(-1);
  let high = new BigInt64Array(capacity);
  let low = new BigInt64Array(capacity);
  let held = 0;
  const slotOf = (a: bigint, b: bigint): number => {
    let slot = Number(BigInt.asUintN(32, a)) & (capacity - 1);
    while (places[slot] >= 0 && (high[slot] !== a || low[slot] !== b)) slot = (slot + 1) & (capacity - 1);
    return slot;
  };
  const grow = (): void => {
    const [oldPlaces, oldHigh, oldLow] = [places, high, low];
    capacity *= 2;
    [places, high, low] = [
      new Float64Array(capacity).fill(-1),
      new BigInt64Array(capacity),
      new BigInt64Array(capacity),
    ];
    oldPlaces.forEach((place, i) => {
      if (place < 0) return;
      const slot = slotOf(oldHigh[i], oldLow[i]);
      [places[slot], high[slot], low[slot]] = [place, oldHigh[i], oldLow[i]];
    });
  };
  for (let s = 0; s < splits.length; s++) {
    let row = 0;
    for await (const frame of readSpill(splits[s].keys)) {
      const [h, l] = [frame.number('high').values as BigInt64Array, frame.number('low').values as BigInt64Array];
      const url = frame.utf8('url');
      for (let i = 0; i < frame.rows; i++, row++) {
        if (!isValid(url, i)) continue;
        if (partitions > 1 && Number(BigInt.asUintN(32, l[i])) % partitions !== partition) continue;
        const slot = slotOf(h[i], l[i]);
        if (places[slot] >= 0) {
          first[s][row] = places[slot];
          continue;
        }
        [places[slot], high[slot], low[slot]] = [s * 2 ** 32 + row, h[i], l[i]];
        if (++held * 2 > capacity) grow();
      }
    }
  }
}

async function labelsOf(splits: readonly BarrierSplit[], first: readonly Float64Array[]): Promise<Map<number, string>> {
  const wanted = new Set<number>();
  for (const column of first) for (const place of column) if (place >= 0) wanted.add(place);
  const labels = new Map<number, string>();
  for (let s = 0; s < splits.length && labels.size < wanted.size; s++) {
    let place = s * 2 ** 32;
    for await (const frame of readSpill(splits[s].keys)) {
      const label = frame.utf8('label');
      for (let i = 0; i < frame.rows; i++, place++) if (wanted.has(place)) labels.set(place, stringAt(label, i) ?? '');
    }
  }
  return labels;
}
