import { join } from 'node:path';
import { type FileWindow, openWindow } from '../streams/codecs/window.ts';
import { type CommittedFile, liveFiles } from '../streams/commits/log.ts';
import { columnAt } from '../streams/formats/parquet/assemble.ts';
import { parquetFooter } from '../streams/formats/parquet/footer.ts';
import { LeafReader, type LeafRows } from '../streams/formats/parquet/leaf.ts';
import { type ColumnChunk, PageReader } from '../streams/formats/parquet/pages.ts';
import { pageUnpack } from '../streams/formats/parquet/read.ts';
import type { Node } from '../streams/formats/parquet/schema.ts';
import { isFields, isRaw, utf8, type Value } from '../streams/formats/values/value.ts';
import { type RunDatabase, rowsOf } from './database.ts';
import { type GroupRanges, mayHold, numberRange, type Place, type Range, textRange } from './group-ranges.ts';
import type { RunFolder } from './run-folder.ts';
import { type Plain, plain } from './sql-values.ts';
import { text } from './view-columns.ts';

export type LedgerValues = Readonly<Record<string, Plain>>;

/**
 * Reads single rows of a finished ledger. A query in SQL looks at every row group of a file for every column, which
 * takes long where there are hundreds of them; here it is known where the pages of each lie.
 */
export interface RowReader {
  /** Columns of a row by its number in the ledger; without `columns` all that the file has. */
  read(row: number, columns?: readonly string[]): Promise<LedgerValues>;
  /**
   * Rows that may stand at a place: those of its offset in the row groups that can hold it. Null: more than `most`, or
   * more row groups than are looked at.
   */
  placesOf(place: Place, most: number): Promise<number[] | null>;
  /** Bytes of memory that it holds. */
  readonly bytes: number;
  close(): Promise<void>;
}

/** Of a row group with the names of two files in memory, about. */
const RANGES_BYTES = 300;

/** Of many small files a row group says little; then the ledger is asked. */
const MOST_GROUPS = 8;

/** Where the pages of a file lie: four numbers for each row group and leaf column. */
interface Chunks {
  readonly from: Float64Array;
  readonly sizes: Float64Array;
  readonly dictionaries: Float64Array;
  readonly codecs: readonly string[];
  /** First row of each row group in the ledger, and the end. */
  readonly rows: readonly number[];
  readonly ranges: readonly GroupRanges[];
  readonly window: FileWindow;
}

/** Opens the files of a ledger, which stay open. The footer of one of them is read here, those of all by DuckDB. */
export async function openRowReader(folder: RunFolder, db: RunDatabase): Promise<RowReader> {
  const files = liveFiles(folder.commits.all, 'ledger').filter((f) => f.rows > 0);
  const [smallest] = [...files].sort((a, b) => a.rows - b.rows);
  const nodes = smallest ? await nodesOf(folder, smallest) : [];
  const width = nodes.reduce((n, node) => n + node.leaves, 0);
  const unpack = await pageUnpack();
  const parts: Chunks[] = [];
  const close = async (): Promise<void> => {
    for (const { window } of parts) await window.close();
  };
  try {
    let first = 0;
    for (const f of files) {
      parts.push(await chunksOf(folder, db, f, nodes, first));
      first += f.rows;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async read(row, columns) {
      const part = parts.find((p) => row < p.rows[p.rows.length - 1]);
      if (part === undefined || row < 0) throw new RangeError(`expected a row of the ledger, got ${row}`);
      const group = part.rows.findIndex((r) => r > row) - 1;
      const wanted = columns ? nodes.filter((n) => columns.includes(n.name)) : nodes;
      const window = await windowOfGroup(part, group * width, columns ? wanted : null, width);
      const values: Record<string, Plain> = {};
      for (const node of wanted) {
        const leaves: LeafRows[] = [];
        for (const leaf of leavesOf(node)) {
          const at = group * width + leaf.first;
          leaves.push(
            await rowOf(new PageReader(window, chunkAt(part, at), leaf.leaf!, unpack), leaf, row - part.rows[group]),
          );
        }
        values[node.name] = plainOf(columnAt(node, leaves)(0));
      }
      return values;
    },
    async placesOf(place, most) {
      const groups = parts.flatMap((part) =>
        part.ranges.flatMap((range, group) => (mayHold(range, place) ? [{ part, group }] : [])),
      );
      if (groups.length > MOST_GROUPS) return null;
      const [node] = nodes.filter((n) => n.name === 'offset');
      const found: number[] = [];
      for (const { part, group } of groups) {
        const base = group * width;
        const window = await windowOfGroup(part, base, [node], width);
        const reader = new LeafReader(
          node.leaf!,
          new PageReader(window, chunkAt(part, base + node.first), node.leaf!, unpack),
        );
        const rows = part.rows[group + 1] - part.rows[group];
        const offsets = columnAt(node, [await reader.take(rows)]);
        for (let i = 0; i < rows; i++) if (Number(offsets(i)) === place.offset) found.push(part.rows[group] + i);
        if (found.length > most) return null;
      }
      return found;
    },
    bytes: parts.reduce((n, p) => n + 3 * p.from.byteLength + 8 * p.codecs.length + RANGES_BYTES * p.ranges.length, 0),
    close,
  };
}

async function rowOf(pages: PageReader, node: Node, row: number): Promise<LeafRows> {
  const reader = new LeafReader(node.leaf!, pages);
  await reader.skip(row);
  return reader.take(1);
}

async function nodesOf({ path }: RunFolder, file: CommittedFile): Promise<readonly Node[]> {
  const window = await openWindow(join(path, file.path), file.bytes);
  try {
    return (await parquetFooter(window, 'excerpt')).nodes;
  } finally {
    await window.close();
  }
}

const leavesOf = (node: Node): Node[] => (node.leaf ? [node] : node.children.flatMap(leavesOf));

async function chunksOf(
  { path }: RunFolder,
  db: RunDatabase,
  file: CommittedFile,
  nodes: readonly Node[],
  first: number,
): Promise<Chunks> {
  const own = join(path, file.path);
  const leaves = nodes.flatMap(leavesOf);
  const found = await rowsOf(
    db,
    "SELECT row_group_id AS g, column_id AS c, replace(path_in_schema, ', ', '.') AS name, " +
      'row_group_num_rows AS rows, data_page_offset AS data, coalesce(dictionary_page_offset, 0) AS dictionary, ' +
      'total_compressed_size AS bytes, compression AS codec, stats_min_value AS least, stats_max_value AS most ' +
      `FROM parquet_metadata(${text(own)}) ORDER BY g, c`,
  );
  const n = found.length;
  const [from, sizes, dictionaries] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const codecs: string[] = [];
  const rows = [first];
  const ranges: GroupRanges[] = [];
  const rangeIn = <T>(group: number, column: string, as: (least: unknown, most: unknown) => Range<T>): Range<T> => {
    const own = found[group * leaves.length + leaves.findIndex((l) => l.leaf!.path === column)];
    return own === undefined ? null : as(own.least, own.most);
  };
  for (const [i, r] of found.entries()) {
    const { path: name } = leaves[i % leaves.length].leaf!;
    if (r.name !== name) throw new RangeError(`expected column ${name} in ${own}, got ${r.name}`);
    from[i] = Number(r.data);
    sizes[i] = Number(r.bytes);
    dictionaries[i] = Number(r.dictionary);
    codecs.push(String(r.codec));
    if (i % leaves.length > 0) continue;
    const group = i / leaves.length;
    rows.push(rows[group] + Number(r.rows));
    const [file, block] = [rangeIn(group, 'file', textRange), rangeIn(group, 'block', numberRange)];
    ranges.push({ file, block, offset: rangeIn(group, 'offset', numberRange) });
  }
  return { from, sizes, dictionaries, codecs, rows, ranges, window: await openWindow(own, file.bytes) };
}

const chunkAt = ({ from, sizes, dictionaries, codecs }: Chunks, at: number): ColumnChunk => ({
  codec: codecs[at] as ColumnChunk['codec'],
  data_page_offset: BigInt(from[at]),
  dictionary_page_offset: BigInt(dictionaries[at]),
  total_compressed_size: BigInt(sizes[at]),
});

const startOf = ({ from, dictionaries }: Chunks, at: number): number =>
  dictionaries[at] > 0 ? Math.min(dictionaries[at], from[at]) : from[at];

/** The pages of a row group in memory: read at once, or those of the columns that are wanted. */
async function windowOfGroup(
  part: Chunks,
  base: number,
  wanted: readonly Node[] | null,
  width: number,
): Promise<FileWindow> {
  const own = wanted?.flatMap(leavesOf).map((n) => n.first) ?? Array.from({ length: width }, (_, i) => i);
  const pieces: { readonly start: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];
  const read = async (start: number, end: number): Promise<void> => {
    pieces.push({ start, bytes: await part.window.copy(start, end - start) });
  };
  const ends = own.map((c) => startOf(part, base + c) + part.sizes[base + c]);
  const starts = own.map((c) => startOf(part, base + c));
  if (wanted === null) await read(Math.min(...starts), Math.max(...ends));
  else for (const [i, start] of starts.entries()) await read(start, ends[i]);
  const at = (position: number, n: number): Uint8Array<ArrayBuffer> => {
    const piece = pieces.find((p) => p.start <= position && position < p.start + p.bytes.length);
    return piece?.bytes.subarray(position - piece.start, position - piece.start + n) ?? new Uint8Array(0);
  };
  return {
    size: part.window.size,
    at: async (position, n = 1) => at(position, n),
    peek: async (position, n) => at(position, n),
    copy: async (position, n) => at(position, n),
    close: async () => {},
  };
}

/** As `plain` makes it of what DuckDB reads. */
function plainOf(value: Value): Plain {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return utf8(value);
  if (typeof value !== 'object') return plain(value);
  if (isFields(value)) return Object.fromEntries(value.fields.map(([k, v]) => [k, plainOf(v)]));
  return isRaw(value) ? value.json : value.map(plainOf);
}
