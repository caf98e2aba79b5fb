import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStores } from '../../src/run/feed/stores.ts';
import { query } from './tables.ts';

export type Part = 'train' | 'val';
/** Rows of ids by part; raw files are one row. */
export type Read = Partial<Record<Part, number[][]>>;

export interface Stored {
  readonly domain: string;
  readonly ids: number[];
}

const idsIn = (bytes: Buffer, width: 2 | 4): number[] =>
  Array.from({ length: bytes.length / width }, (_, i) => bytes.readUIntLE(i * width, width));

/** Documents of a store in order, read by DuckDB and `fs`. */
export async function storedDocuments(run: string): Promise<Stored[]> {
  const { splits, vocabulary } = await openStores([run]);
  const documents: Stored[] = [];
  for (const split of splits) {
    if (split === null) continue;
    const ids = idsIn(readFileSync(split.bin), vocabulary.size > 65_536 ? 4 : 2);
    const rows = await query(`SELECT domain, "begin", length FROM read_parquet('${split.index}')`);
    for (const row of rows as { domain: string; begin: number; length: number }[])
      documents.push({ domain: row.domain, ids: ids.slice(row.begin, row.begin + row.length) });
  }
  return documents;
}

const parts: readonly Part[] = ['train', 'val'];

function eachPart(read: (part: Part) => number[][] | null): Read {
  return Object.fromEntries(parts.flatMap((p) => (read(p) === null ? [] : [[p, read(p)]])));
}

function raw(folder: string): Read {
  const { dtype } = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as { dtype: string };
  const path = (part: Part): string => join(folder, `${part}.bin`);
  return eachPart((p) => (existsSync(path(p)) ? [idsIn(readFileSync(path(p)), dtype === 'uint16' ? 2 : 4)] : null));
}

function withHeader(folder: string): Read {
  return eachPart((part) => {
    const names = readdirSync(folder).filter((f) => f.startsWith(`${part}_`));
    if (names.length === 0) return null;
    return [
      names.sort().flatMap((name, i) => {
        if (name !== `${part}_${String(i).padStart(6, '0')}.bin`) throw new Error(`unexpected ${name}`);
        const bytes = readFileSync(join(folder, name));
        const [magic, version, count] = [0, 4, 8].map((at) => bytes.readInt32LE(at));
        const width = `${magic}.${version}` === '20240520.1' ? 2 : 4;
        if (width === 4 && `${magic}.${version}` !== '20240801.7') throw new Error(`header ${magic} ${version}`);
        const ids = idsIn(bytes.subarray(1024), width);
        if (count !== ids.length) throw new Error(`${count} tokens in the header, ${ids.length} in the file`);
        return ids;
      }),
    ];
  });
}

function indexed(folder: string): Read {
  return eachPart((part) => {
    const path = join(folder, `${part}_text_document`);
    if (!existsSync(`${path}.idx`)) return null;
    const [idx, bin] = [readFileSync(`${path}.idx`), readFileSync(`${path}.bin`)];
    const rows = Number(idx.readBigUInt64LE(18));
    const head = [idx.toString('latin1', 0, 9), idx.readBigUInt64LE(9), idx.readBigUInt64LE(26)];
    if (`${head}` !== `MMIDIDX\0\0,1,${rows + 1}` || idx.length !== 34 + 12 * rows + 8 * (rows + 1))
      throw new Error(`header ${head}, ${idx.length} bytes`);
    const width = idx.readUInt8(17) === 8 ? 2 : 4;
    for (let d = 0; d <= rows; d++)
      if (idx.readBigInt64LE(34 + 12 * rows + 8 * d) !== BigInt(d)) throw new Error(`document ${d}`);
    return Array.from({ length: rows }, (_, i) => {
      const at = Number(idx.readBigInt64LE(34 + 4 * rows + 8 * i));
      return idsIn(bin.subarray(at, at + width * idx.readInt32LE(34 + 4 * i)), width);
    });
  });
}

interface MdsIndex {
  readonly version: number;
  readonly shards: readonly {
    readonly samples: number;
    readonly column_encodings: readonly string[];
    readonly raw_data: { readonly basename: string; readonly bytes: number };
  }[];
}

function mds(folder: string): Read {
  return eachPart((part) => {
    const path = join(folder, part);
    if (!existsSync(join(path, 'index.json'))) return null;
    const { version, shards } = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8')) as MdsIndex;
    if (version !== 2) throw new Error(`version ${version}`);
    return shards.flatMap(({ samples, column_encodings, raw_data }) => {
      const bytes = readFileSync(join(path, raw_data.basename));
      const head = [bytes.length, bytes.readUInt32LE(0), ...column_encodings];
      if (`${head}` !== `${raw_data.bytes},${samples},ndarray:int32`) throw new Error(`shard ${head}`);
      return Array.from({ length: samples }, (_, i) => {
        const sample = bytes.subarray(bytes.readUInt32LE(4 + 4 * i), bytes.readUInt32LE(8 + 4 * i));
        const size = 1 << (sample.readUInt8(4) & 3);
        const values = sample.subarray(5 + size);
        if (sample.readUInt8(4) >> 2 !== 1 || sample.readUIntLE(5, size) * 4 !== values.length)
          throw new Error(`sample ${i}`);
        return idsIn(values, 4);
      });
    });
  });
}

async function parquet(folder: string): Promise<Read> {
  const names = readdirSync(folder).filter((f) => f.endsWith('.parquet'));
  const read: Read = {};
  for (const [part, split] of [
    ['train', 'train'],
    ['val', 'validation'],
  ] as const) {
    for (const name of names.filter((n) => n.startsWith(`${split}-`)).sort()) {
      const rows = await query(`SELECT input_ids FROM read_parquet('${join(folder, name)}')`);
      read[part] = [...(read[part] ?? []), ...(rows as { input_ids: number[] }[]).map((r) => r.input_ids)];
    }
  }
  return read;
}

/** Readers of this file's own, one a format. */
export const READERS: Readonly<Record<string, (folder: string) => Read | Promise<Read>>> = {
  nanogpt: raw,
  'llm.c': withHeader,
  megatron: indexed,
  mds,
  parquet,
};
