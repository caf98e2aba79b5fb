import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { type Random, seededRandom } from '../../src/random.ts';
import { stringAt } from '../../src/streams/batch/columns.ts';
import { windowOver } from '../../src/streams/codecs/window.ts';
import { BatchBuilder } from '../../src/streams/formats/batch-builder.ts';
import { FORMATS } from '../../src/streams/formats/table.ts';
import { readOptions } from '../../src/streams/inputs/read-options.ts';
import type { PlannedFile } from '../../src/streams/plan/splits.ts';
import type { FuzzCount, FuzzParts } from './check.ts';

const FOLDER = new URL('../../test/fixtures/formats/', import.meta.url);
/** So long no damaged file of 30 KB may be read, and so much memory none may hold after it. */
const MOST_MS = 10_000;
const MOST_BYTES = 512 * 1024 * 1024;
const OPTIONS = readOptions.parse({});

let files: readonly { readonly name: string; readonly bytes: Uint8Array }[] | null = null;

/** The files of the conformance suite: every type, page version, packing and nesting, by other writers. */
function conformanceFiles() {
  files ??= readdirSync(FOLDER)
    .filter((name) => !name.endsWith('.jsonl'))
    .sort()
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(new URL(name, FOLDER))) }));
  return files;
}

/** A byte: headers, footers and sizes at the ends are hit as often as all the rest. */
function place(random: Random, length: number): number {
  const where = random.below(4);
  if (where === 0) return random.below(Math.min(length, 400));
  return where === 1 ? length - 1 - random.below(Math.min(length, 3000)) : random.below(length);
}

const SIZES = [0, 1, 0x7f, 0x80, 0xff];

function damaged(random: Random, good: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = good.slice();
  for (let n = 1 + random.below(5); n > 0; n--) {
    const at = place(random, bytes.length);
    const kind = random.below(8);
    if (kind < 4) bytes[at] ^= 1 << random.below(8);
    else if (kind === 4) bytes[at] = random.below(256);
    else if (kind === 5) bytes.fill(SIZES[random.below(SIZES.length)], at, at + 1 + random.below(8));
    else if (kind === 6 && at > 16) bytes = bytes.slice(0, at);
    else bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]));
    if (bytes.length === 0) return good.slice(0, 1);
  }
  return bytes;
}

/**
 * A damaged file of the conformance suite, made from `seed` and `number` alone, read to its end: documents, records set
 * aside with a place, and nothing else; within time and memory.
 */
export async function fuzzTable(
  { kernel }: Pick<FuzzParts, 'kernel'>,
  seed: number,
  number: number,
): Promise<FuzzCount> {
  const random = seededRandom(seed, `tables ${number}`);
  const all = conformanceFiles();
  const { name, bytes: good } = all[random.below(all.length)];
  const bytes = damaged(random, good);
  const count: FuzzCount = { records: 0, documents: 0, quarantined: 0, bytes: bytes.length, differences: [] };
  const differ = (what: string): void => {
    count.differences.push(`--tables --seed ${seed} --batch ${number} (${name}): ${what}`);
  };
  const format = name.endsWith('.parquet') ? 'parquet' : 'arrow';
  const file: PlannedFile = {
    path: name,
    absolutePath: name,
    format,
    codec: 'none',
    size: bytes.length,
    mtimeMs: 0,
    probeHash: '',
  };
  const [started, before] = [performance.now(), held()];
  const builder = new BatchBuilder(0, 64 * 1024);
  const read = await FORMATS[format].reader();
  const range = { file: 0, start: 0, end: Number.MAX_SAFE_INTEGER, damaged: true } as const;
  const take = (batch: ReturnType<BatchBuilder['take']>): void => {
    count.documents += batch.rows;
    for (const column of ['id', 'text', 'domain', 'metadata'])
      if (!isUtf8(batch.utf8(column).values)) differ(`${column} is not UTF-8`);
    for (let i = 0; i < batch.rows; i++) JSON.parse(stringAt(batch.utf8('metadata'), i) ?? '');
  };
  for await (const event of read(file, range, windowOver(bytes), { kernel, options: OPTIONS, builder })) {
    if ('seen' in event) {
      if (event.seen.documents < 1 || !(event.seen.bytes > 0)) differ('seen without documents or bytes');
    } else if ('passed' in event) {
      if (event.passed.records < 1) differ('passed over without records');
    } else if ('unread' in event) {
      if (event.unread.rows < 1 || event.unread.detail === '') differ('an unread column without rows or reason');
    } else if ('quarantined' in event) {
      const { reason, detail, offset, block, rows = 1, bytes: aside } = event.quarantined;
      count.quarantined++;
      const placed = [offset, block, aside].every((n) => Number.isSafeInteger(n) && n >= 0);
      if (!placed || !(rows >= 1) || !/^[a-z0-9_]+$/.test(reason) || detail === '')
        differ(`set aside as ${reason}, ${detail} at ${block}.${offset}, ${rows} rows, ${aside} bytes`);
    } else take(event);
  }
  if (builder.rows > 0) take(builder.take());
  const ms = performance.now() - started;
  // Above what the process had not given back before.
  const more = held() - before;
  if (ms > MOST_MS) differ(`${Math.round(ms)} ms`);
  if (more > MOST_BYTES) differ(`${more} more bytes are held`);
  count.records = count.documents + count.quarantined;
  return count;
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
