import { InputError } from '../../errors.ts';
import { DocumentBatch } from '../batch/batch.ts';
import type { Column, ColumnType } from '../batch/columns.ts';
import type { CutSpans } from '../batch/outcome.ts';

/**
 * Batches on disk between the two passes of a barrier: raw column buffers behind a small JSON header, 8-byte aligned,
 * so that reading is one `read` and views. Private to a run directory (`work/`), never an interchange format. Layout of
 * a frame: u32 magic, u32 header bytes, header JSON padded to 8, then the buffers, each padded to 8.
 */
const MAGIC = 0x31_4c_50_53; // 'SPL1'

interface BufferRef {
  readonly at: number;
  readonly bytes: number;
}
interface ColumnRef {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: BufferRef;
  readonly offsets?: BufferRef;
  readonly valid?: BufferRef;
}
interface Header {
  readonly rows: number;
  readonly split: number;
  readonly sequence: number;
  readonly textVersion: number;
  readonly stale: readonly string[];
  readonly columns: readonly ColumnRef[];
  readonly body: number;
  readonly cuts?: {
    readonly offsets: BufferRef;
    readonly start: BufferRef;
    readonly end: BufferRef;
    readonly rule: BufferRef;
    readonly rules: readonly string[];
    readonly added?: BufferRef;
  };
}

const pad8 = (n: number): number => (n + 7) & ~7;

/** One frame with all rows of the batch (compact it first); verdicts are not kept. */
export function encodeFrame(batch: DocumentBatch): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  const put = (view: ArrayBufferView): BufferRef => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const ref = { at, bytes: bytes.length };
    parts.push(bytes);
    const gap = pad8(bytes.length) - bytes.length;
    if (gap > 0) parts.push(new Uint8Array(gap));
    at += bytes.length + gap;
    return ref;
  };
  const columns = [...batch.columns].map(([name, c]): ColumnRef => {
    const valid = c.valid ? put(c.valid) : undefined;
    if (c.type !== 'utf8') return { name, type: c.type, values: put(c.values), valid };
    const base = c.offsets[0];
    const offsets = base === 0 ? c.offsets : c.offsets.map((o) => o - base);
    return {
      name,
      type: 'utf8',
      values: put(c.values.subarray(base, c.offsets[batch.rows])),
      offsets: put(offsets),
      valid,
    };
  });
  const c = batch.cuts;
  const cuts = c
    ? {
        offsets: put(c.offsets),
        start: put(c.start),
        end: put(c.end),
        rule: put(c.rule),
        rules: c.rules,
        added: c.added && put(c.added),
      }
    : undefined;
  const { rows, split, sequence, textVersion } = batch;
  const header: Header = { rows, split, sequence, textVersion, stale: [...batch.stale], columns, body: at, cuts };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(pad8(8 + json.length));
  new DataView(head.buffer).setUint32(0, MAGIC, true);
  new DataView(head.buffer).setUint32(4, json.length, true);
  head.set(json, 8);
  return [head, ...parts];
}

/** Bytes of the frame that starts with these 8 bytes plus its header. */
export interface FrameHead {
  readonly header: Header;
  readonly headBytes: number;
}

export function decodeHead(bytes: Uint8Array, where: string): FrameHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) {
    throw new InputError({
      expected: 'a spill frame',
      got: 'other bytes',
      where,
      fix: 'Start again with --fresh: the work folder is damaged.',
    });
  }
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  return { header, headBytes: pad8(8 + length) };
}

export function headLength(first8: Uint8Array): number {
  return pad8(8 + new DataView(first8.buffer, first8.byteOffset, 8).getUint32(4, true));
}

/** Views over `body` (must start 8-byte aligned in its buffer). */
export function decodeFrame({ header }: FrameHead, body: Uint8Array): DocumentBatch {
  const buffer = body.buffer as ArrayBuffer;
  const u8 = (r: BufferRef): Uint8Array => new Uint8Array(buffer, body.byteOffset + r.at, r.bytes);
  const i32 = (r: BufferRef): Int32Array => new Int32Array(buffer, body.byteOffset + r.at, r.bytes / 4);
  const numbers = {
    int32: i32,
    uint32: (r: BufferRef) => new Uint32Array(buffer, body.byteOffset + r.at, r.bytes / 4),
    int64: (r: BufferRef) => new BigInt64Array(buffer, body.byteOffset + r.at, r.bytes / 8),
    float64: (r: BufferRef) => new Float64Array(buffer, body.byteOffset + r.at, r.bytes / 8),
  };
  const columns = header.columns.map((c): [string, Column] => {
    const valid = c.valid ? u8(c.valid) : null;
    if (c.type === 'utf8') return [c.name, { type: 'utf8', offsets: i32(c.offsets!), values: u8(c.values), valid }];
    return [c.name, { type: c.type, values: numbers[c.type](c.values), valid }];
  });
  let cuts: CutSpans | undefined;
  if (header.cuts) {
    const { offsets, start, end, rule, rules, added } = header.cuts;
    const rule16 = new Uint16Array(buffer, body.byteOffset + rule.at, rule.bytes / 2);
    cuts = {
      offsets: i32(offsets),
      start: i32(start),
      end: i32(end),
      rule: rule16,
      rules,
      ...(added && { added: i32(added) }),
    };
  }
  const { rows, split, sequence, textVersion, stale } = header;
  return new DocumentBatch({
    rows,
    columns: new Map(columns),
    split,
    sequence,
    textVersion,
    stale: new Set(stale),
    cuts,
  });
}

/** Where the bytes of a column's row lie within the frame, from its first byte; for reading one text back. */
export function rowSpans(
  batch: DocumentBatch,
  name: string,
  frame: readonly Uint8Array[],
): { start: Float64Array; bytes: Int32Array } {
  const json = frame[0];
  const { header, headBytes } = decodeHead(json, 'spill');
  const ref = header.columns.find((c) => c.name === name)!;
  const { offsets } = batch.utf8(name);
  const start = new Float64Array(batch.rows);
  const bytes = new Int32Array(batch.rows);
  for (let i = 0; i < batch.rows; i++) {
    start[i] = headBytes + ref.values.at + offsets[i] - offsets[0];
    bytes[i] = offsets[i + 1] - offsets[i];
  }
  return { start, bytes };
}
