import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { Column, Utf8Column } from '../../streams/batch/columns.ts';
import type { Barrier, BarrierOutputs, BarrierSplit } from '../../streams/flow/barrier.ts';
import { readSpill } from '../../streams/flow/spill-file.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { bloomDecision, openSeenKeys } from './bloom-filter.ts';
import { type BloomKeys, bloomKeysOf } from './bloom-keys.ts';
import { writeIndex } from './tables/index-files.ts';

/** The barrier behind `dedup.bloom()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  return {
    textless: true,
    keys: (batch) => packed(bloomKeysOf(batch, descriptor, kernel)),
    async *decide(splits: readonly BarrierSplit[], _memory: number, outputs?: BarrierOutputs) {
      const seen = await openSeenKeys(descriptor);
      for (const { split, keys } of splits) {
        const all: BloomKeys[] = [];
        for await (const frame of readSpill(keys)) all.push(unpacked(frame));
        const joined = joinedKeys(all);
        yield bloomDecision(split, joined, seen.add(joined.key));
      }
      if (descriptor.options.saveIndex !== true || !outputs) return;
      const name = `${descriptor.step}.bloom`;
      await writeIndex(unpublished(`${outputs.folder}/${name}`), seen.header(), [seen.bits()]);
      outputs.names.push(name);
    },
  };
}

/** Keys as side columns, a row a document: 16 bytes a key (hash, start, end), as the bytes of a utf8 column. */
function packed({ offsets, key, start, end, solid }: BloomKeys): Map<string, Column> {
  const rows = offsets.length - 1;
  const values = new Uint8Array(key.length * 16);
  const words = new Uint32Array(values.buffer);
  const pairs = new BigUint64Array(values.buffer);
  for (let k = 0; k < key.length; k++) {
    pairs[2 * k] = key[k];
    words[4 * k + 2] = start[k];
    words[4 * k + 3] = end[k];
  }
  const columns = new Map<string, Column>([
    ['keys', { type: 'utf8', offsets: offsets.map((o) => o * 16), values, valid: null }],
  ]);
  if (solid) columns.set('solid', { type: 'int32', values: solid.slice(0, rows), valid: null });
  return columns;
}

function unpacked(frame: DocumentBatch): BloomKeys {
  const { offsets, values } = frame.utf8('keys') as Utf8Column;
  const bytes = values.slice(offsets[0], offsets[frame.rows]);
  const pairs = new BigUint64Array(bytes.buffer, 0, bytes.length >> 3);
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  const count = bytes.length >> 4;
  const key = new BigUint64Array(count);
  for (let k = 0; k < count; k++) key[k] = pairs[2 * k];
  return {
    offsets: Int32Array.from(offsets.subarray(0, frame.rows + 1), (o) => (o - offsets[0]) >> 4),
    key,
    start: Int32Array.from(key, (_, k) => words[4 * k + 2]),
    end: Int32Array.from(key, (_, k) => words[4 * k + 3]),
    solid: frame.columns.has('solid') ? (frame.number('solid').values as Int32Array) : null,
  };
}

function joinedKeys(parts: readonly BloomKeys[]): BloomKeys {
  const rows = parts.reduce((n, p) => n + p.offsets.length - 1, 0);
  const count = parts.reduce((n, p) => n + p.key.length, 0);
  const out = {
    offsets: new Int32Array(rows + 1),
    key: new BigUint64Array(count),
    start: new Int32Array(count),
    end: new Int32Array(count),
    solid: parts.some((p) => p.solid) ? new Int32Array(rows) : null,
  };
  let row = 0;
  let at = 0;
  for (const { offsets, key, start, end, solid } of parts) {
    out.offsets.set(
      offsets.map((o) => o + at),
      row,
    );
    out.key.set(key, at);
    out.start.set(start, at);
    out.end.set(end, at);
    if (solid) out.solid?.set(solid, row);
    row += offsets.length - 1;
    at += key.length;
  }
  return out;
}
