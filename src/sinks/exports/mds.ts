import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenRows } from '../../streams/tokens/documents.ts';
import { createFile } from './file.ts';
import { bytesOf, type ExportFormat } from './format.ts';

/** Bytes of a shard, as MDSWriter has them; a larger sample is a shard of its own. */
const SHARD_BYTES = 1 << 26;
const ENCODING = { column_names: ['tokens'], column_encodings: ['ndarray:int32'], column_sizes: [null] };

interface Shard {
  readonly basename: string;
  readonly bytes: number;
  readonly samples: number;
}

/**
 * `<part>/shard.NNNNN.mds` and `<part>/index.json`, a sample a row, with a column `tokens` of `ndarray:int32` as
 * llm-foundry writes and reads it. One shard is in memory. (Source: mosaicml/streaming, base/format/mds/writer.py and
 * encodings.py; mosaicml/llm-foundry, data/data.py.)
 */
export const mds = (shardBytes = SHARD_BYTES): ExportFormat => ({
  name: 'mds',
  about: 'shard.NNNNN.mds and index.json of MosaicML Streaming: tokens (ndarray:int32), as llm-foundry reads it',
  rows: ['sequences', 'documents'],
  valShare: 0,
  async open({ folder, part }) {
    await mkdir(join(folder, part));
    const config = {
      compression: null,
      format: 'mds',
      hashes: [],
      size_limit: shardBytes,
      version: 2,
      ...ENCODING,
    };
    const head = Buffer.from(JSON.stringify(config));
    const shards: Shard[] = [];
    let samples: Uint8Array[] = [];
    let size = 8 + head.length;
    let [rows, tokens, empty] = [0, 0, 0];
    const flush = async (): Promise<void> => {
      if (samples.length === 0) return;
      const places = new Uint32Array(samples.length + 2);
      places[0] = samples.length;
      places[1] = places.byteLength + head.length;
      samples.forEach((s, i) => {
        places[i + 2] = places[i + 1] + s.length;
      });
      const file = await createFile(folder, `${part}/shard.${String(shards.length).padStart(5, '0')}.mds`);
      try {
        for (const part of [bytesOf(places), head, Buffer.concat(samples)]) await file.write(part);
        await file.finish();
      } finally {
        await file.close();
      }
      shards.push({ basename: file.name.slice(part.length + 1), bytes: file.bytes, samples: samples.length });
      samples = [];
      size = 8 + head.length;
    };
    return {
      async write(batch) {
        for (let i = 0; i < batch.domains.length; i++) {
          const ids = batch.ids.subarray(batch.offsets[i], batch.offsets[i + 1]);
          if (ids.length === 0) {
            empty++;
            continue;
          }
          const sample = sampleOf(ids);
          if (size + sample.length + 4 > shardBytes) await flush();
          samples.push(sample);
          size += sample.length + 4;
          rows++;
          tokens += ids.length;
        }
      },
      async finish() {
        await flush();
        if (rows === 0) return null;
        const index = await createFile(folder, `${part}/index.json`);
        await index.write(Buffer.from(JSON.stringify({ shards: shards.map((s) => entryOf(s, config)), version: 2 })));
        await index.finish();
        return { files: [...shards.map((s) => `${part}/${s.basename}`), index.name], rows, tokens, empty };
      },
      // A file is open during a call only, which closes it.
      async abort() {},
    };
  },
  notes: () => [],
});

const entryOf = ({ basename, bytes, samples }: Shard, config: object) => ({
  ...config,
  raw_data: { basename, bytes, hashes: {} },
  samples,
  zip_data: null,
});

/** Bytes of the array; then one for the number of dimensions and the width of sizes, the size, and the values. */
function sampleOf(ids: TokenRows['ids']): Uint8Array {
  const width = ids.length < 1 << 8 ? 0 : ids.length < 1 << 16 ? 1 : 2;
  const head = 5 + (1 << width);
  const values = bytesOf(new Int32Array(ids));
  const sample = Buffer.allocUnsafe(head + values.length);
  sample.writeUInt32LE(1 + (1 << width) + values.length, 0);
  sample.writeUInt8((1 << 2) | width, 4);
  sample.writeUIntLE(ids.length, 5, 1 << width);
  sample.set(values, head);
  return sample;
}
