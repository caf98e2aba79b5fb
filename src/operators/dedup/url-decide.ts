import { concatColumns, isValid, stringAt, type Utf8Column } from '../../streams/batch/columns.ts';
import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { readSpill } from '../../streams/flow/spill-file.ts';

/** Measured: two hashes, two places and a slot of the table. */
const BYTES_PER_DOCUMENT = 64;

/** Place of an address that an earlier run has seen. */
const EARLIER = 2 ** 52;
const HASH_BYTES = 16;

/**
 * The first document of each address stays; in partitions by hash, so that each fits the memory given.
 * @param earlier hashes of earlier runs, 16 bytes each @param save takes those and the new ones, in input order
 */
export async function* decideUrls(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  earlier: readonly Uint8Array[],
  save: ((payload: Uint8Array, keys: number) => Promise<void>) | null,
): AsyncGenerator<BarrierDecision> {
  const rows: number[] = [];
  for (const { keys } of splits) {
    let n = 0;
    for await (const frame of readSpill(keys)) n += frame.rows;
    rows.push(n);
  }
  const old = hashesOf(earlier);
  const total = rows.reduce((a, b) => a + b, 0) + old.length / 2;
  const partitions = Math.max(1, Math.ceil((total * BYTES_PER_DOCUMENT) / memoryBytes));
  /** The first with the same address: split * 2^32 + row; -1 = none before. */
  const first = rows.map((n) => new Float64Array(n).fill(-1));
  for (let p = 0; p < partitions; p++)
    await firstsOf(splits, p, partitions, Math.ceil((1.3 * total) / partitions), old, first);
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
  if (save) {
    const all = [old, ...(await freshHashes(splits, first))];
    const keys = all.reduce((n, part) => n + part.length / 2, 0);
    const payload = new BigInt64Array(2 * keys);
    let at = 0;
    for (const part of all) {
      payload.set(part, at);
      at += part.length;
    }
    await save(new Uint8Array(payload.buffer), keys);
  }
}

function hashesOf(payloads: readonly Uint8Array[]): BigInt64Array {
  const bytes = new Uint8Array(payloads.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of payloads) {
    bytes.set(p, at);
    at += p.length;
  }
  return new BigInt64Array(bytes.buffer, 0, (bytes.length / HASH_BYTES) * 2);
}

/** Hashes of the addresses that came for the first time, high half before low half. */
async function freshHashes(splits: readonly BarrierSplit[], first: readonly Float64Array[]): Promise<BigInt64Array[]> {
  const out: BigInt64Array[] = [];
  for (let s = 0; s < splits.length; s++) {
    let row = 0;
    for await (const frame of readSpill(splits[s].keys)) {
      const [h, l] = [frame.number('high').values as BigInt64Array, frame.number('low').values as BigInt64Array];
      const url = frame.utf8('url');
      const fresh: bigint[] = [];
      for (let i = 0; i < frame.rows; i++, row++) if (isValid(url, i) && first[s][row] < 0) fresh.push(h[i], l[i]);
      out.push(BigInt64Array.from(fresh));
    }
  }
  return out;
}

async function firstsOf(
  splits: readonly BarrierSplit[],
  partition: number,
  partitions: number,
  expected: number,
  old: BigInt64Array,
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
  const mine = (l: bigint): boolean => partitions === 1 || Number(BigInt.asUintN(32, l)) % partitions === partition;
  const put = (slot: number, place: number, h: bigint, l: bigint): void => {
    [places[slot], high[slot], low[slot]] = [place, h, l];
    if (++held * 2 > capacity) grow();
  };
  for (let k = 0; k < old.length; k += 2) {
    if (!mine(old[k + 1])) continue;
    const slot = slotOf(old[k], old[k + 1]);
    if (places[slot] < 0) put(slot, EARLIER, old[k], old[k + 1]);
  }
  for (let s = 0; s < splits.length; s++) {
    let row = 0;
    for await (const frame of readSpill(splits[s].keys)) {
      const [h, l] = [frame.number('high').values as BigInt64Array, frame.number('low').values as BigInt64Array];
      const url = frame.utf8('url');
      for (let i = 0; i < frame.rows; i++, row++) {
        if (!isValid(url, i) || !mine(l[i])) continue;
        const slot = slotOf(h[i], l[i]);
        if (places[slot] >= 0) first[s][row] = places[slot];
        else put(slot, s * 2 ** 32 + row, h[i], l[i]);
      }
    }
  }
}

async function labelsOf(splits: readonly BarrierSplit[], first: readonly Float64Array[]): Promise<Map<number, string>> {
  const wanted = new Set<number>();
  for (const column of first) for (const place of column) if (place >= 0 && place !== EARLIER) wanted.add(place);
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
