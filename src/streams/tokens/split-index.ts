import { readFile } from 'node:fs/promises';
import { parquetRead } from 'hyparquet';
import { InputError } from '../../errors.ts';

/** Tokens of one split, as it was committed. */
export interface TokenSplit {
  /** Absolute. */
  readonly bin: string;
  readonly index: string;
  /** Tokens by domain. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Of all domains. */
  readonly documents: number;
  /** Rows of the index that do not count: documents that are held out. */
  readonly without?: ReadonlySet<number>;
  /** Before the name of every domain. */
  readonly prefix?: string;
}

/** Documents of one domain in one split, in the order of the input. */
export interface DomainDocuments {
  /** Token of the file at which each document begins. */
  readonly begin: Uint32Array;
  /** Tokens of the domain before each document, and after the last: one entry more than documents. */
  readonly before: Uint32Array;
}

/** Documents of a split by domain. */
export type SplitIndex = ReadonlyMap<string, DomainDocuments>;

/** Bytes that an index takes in memory. */
export const indexBytes = (index: SplitIndex): number =>
  [...index.values()].reduce((n, d) => n + d.begin.byteLength + d.before.byteLength + 200, 0);

/**
 * Reads the index of a split. Errors: InputError when the file is gone or damaged, or is not about the tokens that
 * were committed.
 */
export async function readSplitIndex({ index, without, prefix = '' }: TokenSplit): Promise<SplitIndex> {
  const { domain, begin, length } = await readIndexColumns(index, ['domain', 'begin', 'length']);
  const rows = new Map<string, number[]>();
  domain.forEach((name, row) => {
    if (without?.has(row)) return;
    const own = rows.get(name);
    if (own) own.push(row);
    else rows.set(name, [row]);
  });
  return new Map([...rows].map(([name, own]) => [prefix + name, documentsOf(own, begin, length)]));
}

/** Columns of the index of a split, an entry a document. */
export interface IndexColumns {
  /** Null where a document has none. */
  readonly id: (string | null)[];
  readonly domain: string[];
  readonly begin: number[];
  readonly length: number[];
}

/** Some columns of the index of a split, in the order of the input. Errors: InputError when it is gone or damaged. */
export async function readIndexColumns<K extends keyof IndexColumns>(
  path: string,
  names: readonly K[],
): Promise<Pick<IndexColumns, K>> {
  const columns: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
  try {
    const bytes = await readFile(path);
    await parquetRead({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
      columns: [...names],
      onChunk: ({ columnName, columnData }) => {
        const into = columns[columnName];
        for (let i = 0; i < columnData.length; i++) into.push(columnData[i]);
      },
    });
  } catch (cause) {
    throw new InputError({
      expected: 'the index of a split, as it was committed',
      got: (cause as Error).message,
      where: path,
      fix: 'Restore the file, or make the run again with --fresh.',
      cause,
    });
  }
  return columns as unknown as Pick<IndexColumns, K>;
}

function documentsOf(rows: readonly number[], begins: readonly number[], lengths: readonly number[]): DomainDocuments {
  const begin = new Uint32Array(rows.length);
  const before = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    begin[i] = begins[row];
    before[i + 1] = before[i] + lengths[row];
  });
  return { begin, before };
}
