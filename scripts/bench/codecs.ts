// Our codecs beside the libraries that would replace them, on the same bytes, with the same result: npx tsx
// scripts/bench/codecs.ts [--json] [--mb 16]
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MessageReader, tableFromArrays, tableToIPC } from 'apache-arrow';
import { decompress as fzstd } from 'fzstd';
import { snappyUncompress } from 'hyparquet';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { referenceSnappy } from '../../src/kernels/reference/snappy.ts';
import { readGzip } from '../../src/streams/codecs/gzip.ts';
import { lz4Block } from '../../src/streams/codecs/lz4.ts';
import { windowOver } from '../../src/streams/codecs/window.ts';
import { loadZstdUnpack } from '../../src/streams/codecs/zstd-memory.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { arrowMessages } from '../../src/streams/formats/arrow/messages.ts';
import { beside, printMeasured } from './beside.ts';
import { benchmarkLines } from './corpus.ts';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, mb: { type: 'string' } } });
const found = benchmarkLines(Number(options.mb ?? 16) * 1e6);
const lines = found.lines.subarray(0, Number(options.mb ?? 16) * 1e6);
const PART = 1 << 20;
const parts = Array.from({ length: Math.ceil(lines.length / PART) }, (_, i) =>
  lines.subarray(i * PART, (i + 1) * PART),
);
const sizes = (list: Iterable<Uint8Array>): number => [...list].reduce((n, part) => n + part.length, 0);
const last = (list: readonly Uint8Array[]): string =>
  createHash('sha1')
    .update(list[list.length - 1])
    .digest('hex');
/** Bytes that came out, and the hash of the last part. */
const told = (list: readonly Uint8Array[]): string => `${sizes(list)} bytes, ${last(list)}`;

const { compress } = await loadZstdModule();
const libzstd = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as { decompress(bytes: Uint8Array): Uint8Array };
const unzstd = await loadZstdUnpack();
const frames = parts.map((part) => compress(part, 3).slice());
const zstd = await beside('zstd, decode 1 MB frames', lines.length, [
  { name: 'ours (kernel)', run: () => told(frames.map((f) => unzstd(f, PART).slice())) },
  { name: '@bokuweb/zstd-wasm', run: () => told(frames.map((f) => libzstd.decompress(f))) },
  { name: 'fzstd', run: () => told(frames.map((f) => fzstd(f))) },
]);

const kernel = await loadKernel();
const pages = parts.map((part) => kernel.snappy(part).slice());
const unsnappy = (page: Uint8Array, i: number): Uint8Array => {
  const out = new Uint8Array(parts[i].length);
  snappyUncompress(page, out);
  return out;
};
const snappy = await beside('snappy, encode', lines.length, [
  { name: 'ours (kernel)', run: () => sizes(parts.map((p) => kernel.snappy(p).slice())) },
  { name: 'the same in JavaScript', run: () => sizes(parts.map((p) => referenceSnappy(p))) },
]);
const snappyDecode = await beside('snappy, decode', lines.length, [
  { name: 'hyparquet (what we use)', run: () => told(pages.map(unsnappy)) },
]);

/** A block of literals and copies, as any encoder of LZ4 writes it: greedy, with a table of four bytes. */
function lz4Packed(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  const seen = new Map<number, number>();
  const length = (n: number): void => {
    for (; n >= 255; n -= 255) out.push(255);
    out.push(n);
  };
  let from = 0;
  const put = (to: number, match: number, distance: number): void => {
    const literals = to - from;
    out.push((Math.min(15, literals) << 4) | (match === 0 ? 0 : Math.min(15, match - 4)));
    if (literals >= 15) length(literals - 15);
    for (let i = from; i < to; i++) out.push(bytes[i]);
    if (match === 0) return;
    out.push(distance & 255, distance >> 8);
    if (match - 4 >= 15) length(match - 4 - 15);
  };
  for (let at = 0; at + 12 < bytes.length; ) {
    const key = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined || at - before > 0xffff) {
      at++;
      continue;
    }
    let match = 4;
    while (at + match + 5 < bytes.length && bytes[at + match] === bytes[before + match]) match++;
    put(at, match, at - before);
    at += match;
    from = at;
  }
  put(bytes.length, 0, 0);
  return Uint8Array.from(out);
}
const blocks = parts.map(lz4Packed);
const lz4 = await beside('lz4, decode', lines.length, [
  { name: 'ours (no library installed)', run: () => told(blocks.map((b, i) => lz4Block(b, parts[i].length))) },
]);

const members = Buffer.concat(parts.map((part) => gzipSync(part)));
async function ourGunzip(): Promise<number> {
  let bytes = 0;
  for await (const piece of readGzip(windowOver(new Uint8Array(members)), { maxRatio: 200 }))
    if ('bytes' in piece) bytes += piece.bytes.length;
  return bytes;
}
const gzip = await beside('gzip, decode members', lines.length, [
  { name: 'ours (member headers, limits)', run: ourGunzip },
  { name: 'node:zlib', run: () => gunzipSync(members).length },
]);

const column = lines.toString('utf8').split('\n');
const batches = Array.from({ length: 200 }, (_, i) => column.filter((_, k) => k % 200 === i));
const streams = batches.map((text) => tableToIPC(tableFromArrays({ text }), 'stream'));
const ipc = sizes(streams);
const windows = streams.map((s) => windowOver(new Uint8Array(s)));
const arrow = await beside('Arrow, walk messages', ipc, [
  {
    name: 'ours (sizes are checked)',
    run: async () => {
      let units = 0;
      for (const w of windows) units += (await arrowMessages(w)).units.length;
      return units;
    },
  },
  {
    name: 'apache-arrow',
    run: () => {
      let units = 0;
      for (const s of streams) {
        const reader = new MessageReader(s);
        for (const message of reader) {
          if (message.isRecordBatch()) units++;
          reader.readMessageBody(message.bodyLength);
        }
      }
      return units;
    },
  },
]);

printMeasured(
  [zstd, snappy, snappyDecode, lz4, gzip, arrow].flat(),
  options.json === true,
  `${(lines.length / 1e6).toFixed(1)} MB (${found.what})`,
);
