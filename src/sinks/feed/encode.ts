import { statSync } from 'node:fs';
import {
  type Data,
  type DataType,
  Field,
  FixedSizeList,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Uint16,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { type TokenArray, tokenArray } from '../../streams/tokens/token-kind.ts';
import type { FeedFacts, FeedSequence, Pulled } from './source.ts';

/**
 * Sequences as an Arrow IPC stream of one record batch, a row each: `step`, `slot`, `domain`, `epoch`, `index`,
 * `input_ids` (a fixed-size list, as long as a context), `length`, `next`, `starts`, `loss_weight`. With `ranges` also
 * where the tokens lie, and the one after them: `ranges`, a list of file, first token in it, and tokens, one after the
 * other; files are those of the metadata. Without `ids` also `next` is to be read there. The metadata of the schema
 * have `weights` (a list a step, as JSON), `files` (paths and bytes, as JSON), and why there are no more rows:
 * `waits_for`, `ended`.
 */
export function encodePulled(
  facts: FeedFacts,
  { steps, waitsFor, ended }: Pulled,
  { ids: withIds, ranges: withRanges }: Wanted = { ids: true, ranges: false },
): Uint8Array {
  const rows = steps.flatMap(({ step, sequences }) => sequences.map((s) => ({ step, s })));
  const length = rows.length;
  const files = new Map<string, number>();
  const numberOf = (file: string): number => {
    const known = files.get(file) ?? files.size;
    files.set(file, known);
    return known;
  };
  const rangesOf = ({ ranges }: FeedSequence): number[] => {
    const all: number[] = [];
    for (const { file, begin, length } of ranges) all.push(numberOf(file), begin, length);
    return all;
  };
  const children: [string, Data<DataType>][] = [
    [
      'step',
      numbers(
        new Int64(),
        BigInt64Array.from(rows, (r) => BigInt(r.step)),
      ),
    ],
    [
      'slot',
      numbers(
        new Uint32(),
        Uint32Array.from(rows, (r) => r.s.slot),
      ),
    ],
    ['domain', names(rows.map((r) => facts.domains[r.s.domain]))],
    [
      'epoch',
      numbers(
        new Uint32(),
        Uint32Array.from(rows, (r) => r.s.epoch),
      ),
    ],
    [
      'index',
      numbers(
        new Int64(),
        BigInt64Array.from(rows, (r) => BigInt(r.s.index)),
      ),
    ],
    ...(withIds ? [['input_ids', contexts(idsOf(facts, rows), facts.contextLength, length)] as [string, Data]] : []),
    [
      'length',
      numbers(
        new Uint32(),
        Uint32Array.from(rows, (r) => r.s.length),
      ),
    ],
    [
      'next',
      numbers(
        new Int32(),
        Int32Array.from(rows, (r) => r.s.next),
      ),
    ],
    ['starts', lists(rows.map(({ s }) => s.starts))],
    ...(withRanges ? [['ranges', lists(rows.map(({ s }) => rangesOf(s)))] as [string, Data]] : []),
    [
      'loss_weight',
      numbers(
        new Float64(),
        Float64Array.from(rows, (r) => r.s.lossWeight),
      ),
    ],
  ];
  const fields = children.map(([name, data]) => new Field(name, data.type, false));
  const metadata = new Map([['weights', JSON.stringify(steps.map((s) => s.weights))]]);
  if (withRanges) metadata.set('files', JSON.stringify([...files].map(([path]) => [path, statSync(path).size])));
  if (waitsFor !== null) metadata.set('waits_for', waitsFor);
  if (ended !== null) metadata.set('ended', ended);
  const data = makeData({ type: new Struct(fields), length, nullCount: 0, children: children.map((c) => c[1]) });
  return RecordBatchStreamWriter.writeAll([new RecordBatch(new Schema(fields, metadata), data)]).toUint8Array(true);
}

/** What of the tokens is encoded. */
export interface Wanted {
  readonly ids: boolean;
  readonly ranges: boolean;
}

type Rows = readonly { readonly s: FeedSequence }[];

function idsOf({ vocabulary, contextLength }: FeedFacts, rows: Rows): TokenArray {
  const all = new (tokenArray(vocabulary))(rows.length * contextLength);
  rows.forEach(({ s }, i) => {
    all.set(s.ids, i * contextLength);
  });
  return all;
}

/** The classes of numbers differ in their type parameters only; `makeData` reads the values as the class says. */
const numbers = (type: DataType, values: { readonly length: number }): Data<DataType> =>
  makeData({ type: type as Float64, length: values.length, nullCount: 0, data: values as Float64Array });

function names(strings: readonly string[]): Data<DataType> {
  const offsets = new Int32Array(strings.length + 1);
  strings.forEach((s, i) => {
    offsets[i + 1] = offsets[i] + Buffer.byteLength(s);
  });
  const data = Buffer.from(strings.join(''));
  return makeData({ type: new Utf8(), length: strings.length, nullCount: 0, valueOffsets: offsets, data });
}

function contexts(ids: TokenArray, contextLength: number, length: number): Data<DataType> {
  const child = numbers(ids.BYTES_PER_ELEMENT === 2 ? new Uint16() : new Uint32(), ids);
  const type = new FixedSizeList(contextLength, new Field('item', child.type, false));
  return makeData({ type, length, nullCount: 0, child });
}

/** A list of numbers a row. */
function lists(rows: readonly (readonly number[])[]): Data<DataType> {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((list, i) => {
    offsets[i + 1] = offsets[i] + list.length;
  });
  const values = new Uint32Array(offsets[rows.length]);
  rows.forEach((list, i) => {
    values.set(list, offsets[i]);
  });
  const child = numbers(new Uint32(), values);
  const type = new List(new Field('item', child.type, false));
  return makeData({ type, length: rows.length, nullCount: 0, valueOffsets: offsets, child });
}
