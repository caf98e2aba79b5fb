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
 * @param path `split-000000-0.index.parquet`
 */
export async function readSplitIndex(path: string): Promise<SplitIndex> {
  return byDomain(await readIndexColumns(path, ['domain', 'begin', 'length']));
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

function byDomain(columns: Pick<IndexColumns, 'domain' | 'begin' | 'length'>): SplitIndex {
  const rows = new Map<string, number[]>();
  columns.domain.forEach((domain, row) => {
    const own = rows.get(domain);
    if (own) own.push(row);
    else rows.set(domain, [row]);
  });
  const index = new Map<string, DomainDocuments>();
  for (const [domain, own] of rows) {
    const begin = new Uint32Array(own.length);
    const before = new Uint32Array(own.length + 1);
    own.forEach((row, i) => {
      begin[i] = columns.begin[row];
      before[i + 1] = before[i] + columns.length[row];
    });
    index.set(domain, { begin, before });
  }
  return index;
}
