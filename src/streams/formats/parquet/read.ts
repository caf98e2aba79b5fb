import { snappyUncompress } from 'hyparquet';
import { pageCodecs } from '../../codecs/pages.ts';
import type { FileWindow } from '../../codecs/window.ts';
import type { InputRange, PlannedFile } from '../../plan/splits.ts';
import type { ReadContext, ReadEvent } from '../context.ts';
import { damageOnly, refuseOtherUnits } from '../format.ts';
import { estimatedLoss, type Loss, toldLoss } from '../loss.ts';
import { neededColumns, readColumns, type ValueColumn, ValueRecords } from '../values/records.ts';
import { columnAt } from './assemble.ts';
import { type ParquetFooter, parquetFooter } from './footer.ts';
import { LeafReader, type LeafRows } from './leaf.ts';
import { PageReader, type Unpack } from './pages.ts';
import type { Node } from './schema.ts';
import { type ReadVariant, variantColumns, variantReader } from './variant.ts';

/** What the values of a run of rows take about, all columns together. */
const RUN_BYTES = 8 * 1024 * 1024;
const RUN_ROWS = 8192;
/** What a value takes as an object of JavaScript, about. */
const VALUE_BYTES = 16;
/** Unpacked pages that are held over a run, all columns together; others are unpacked again for the next run. */
const HELD_BYTES = 64 * 1024 * 1024;
/** Of a column in a file whose footer can be read. */
const ENCRYPTED = 'is encrypted; write the file again without encryption';
/** More rows than this no group of sane size has. */
const MAX_ROWS = 2 ** 27;

/**
 * Reads row groups `range.start` to `range.end` in runs of rows that are sized by what all their columns hold; block =
 * file byte of the row group, offset = row in it. Where text, id or domain cannot be decoded, the rest of the group is
 * one record set aside, of as many documents as it has rows; another column that cannot be decoded is null.
 */
export async function* readParquet(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const records = new ValueRecords(file, context);
  const lost = (block: number, offset: number, bytes: number, { message }: Error, loss: Loss): ReadEvent => {
    const [reason, got] = message.endsWith(ENCRYPTED)
      ? ['encrypted', 'a column that is encrypted']
      : ['undecodable', 'damage or an encoding that is not read'];
    const detail = `expected Parquet data, got ${got}: ${message}`;
    return records.aside({ block, offset }, bytes, reason, detail, new Uint8Array(0), loss);
  };
  const footer = await parquetFooter(window, context.options.textField).catch(damageOnly);
  if (footer instanceof Error) {
    yield lost(0, 0, file.size, footer, estimatedLoss('parquet', file.size));
    return;
  }
  const { groups } = footer;
  refuseOtherUnits(file, range, groups.length);
  const unpack = await pageUnpack();
  const names = footer.nodes.map((n) => n.name);
  const read = readColumns(names, file, context.options);
  const nodes = footer.nodes.filter((n) => read.has(n.name));
  const needed = neededColumns(names, file, context.options);
  const variants = variantColumns(footer.metadata);
  const readVariant = variants.size > 0 ? await variantReader(window, footer.metadata) : null;
  let seen = 0;
  for (let g = range.start; g < Math.min(range.end, groups.length); g++) {
    const group = groups[g];
    if (!(group.rows >= 0 && group.rows <= MAX_ROWS)) {
      yield lost(
        group.start,
        0,
        group.bytes,
        new Error(`a row group of ${group.rows} rows`),
        estimatedLoss('parquet', group.bytes, ...told(groups)),
      );
      continue;
    }
    const columns = nodes.map((n) =>
      variants.has(n.name)
        ? openVariant(n, readVariant!, firstRow(footer, g))
        : openColumn(n, footer, g, window, unpack),
    );
    const each = runRows(footer, g, nodes);
    for (let from = 0; from < group.rows; from += each) {
      const rows = Math.min(group.rows - from, each);
      const run: ValueColumn[] = [];
      let damaged: Error | null = null;
      for (const column of columns) {
        const at = await column.take(rows);
        if (at instanceof Error && needed.has(column.name)) damaged ??= at;
        run.push({ name: column.name, type: column.type, at: at instanceof Error ? unread(at) : at });
      }
      if (damaged !== null) {
        const left = group.rows - from;
        const bytes = Math.ceil((group.bytes * left) / group.rows);
        yield lost(group.start, from, bytes, damaged, toldLoss(left));
        break;
      }
      yield* records.rows(run, 0, rows, { block: group.start, offset: from });
      releasePages(columns);
      seen += rows;
    }
  }
  const [all] = told(groups);
  if (seen > 0) yield { seen: { unit: 'parquet', documents: seen, bytes: (file.size * seen) / all } };
}

/** Rows and bytes of the groups whose number of rows is believed. */
function told(groups: ParquetFooter['groups']): [rows: number, bytes: number] {
  const good = groups.filter((g) => g.rows >= 0 && g.rows <= MAX_ROWS);
  return [good.reduce((n, g) => n + g.rows, 0), good.reduce((n, g) => n + g.bytes, 0)];
}

const unread = (error: Error) => (): never => {
  throw error;
};

/** Rows that are read at once, by what the columns that are read hold. */
function runRows({ metadata, groups }: ParquetFooter, number: number, nodes: readonly Node[]): number {
  const { rows } = groups[number];
  const { columns } = metadata.row_groups[number];
  let bytes = 0;
  for (const { meta_data: m } of nodes.flatMap((n) => columns.slice(n.first, n.first + n.leaves)))
    if (m) bytes += Math.max(Number(m.total_uncompressed_size), Number(m.num_values) * VALUE_BYTES);
  return Math.max(1, Math.min(RUN_ROWS, Math.floor(RUN_BYTES / Math.max(1, bytes / Math.max(1, rows)))));
}

interface OpenColumn {
  readonly name: string;
  readonly type: string;
  readonly leaves: readonly LeafReader[];
  /** Its next rows, or what is wrong with it: then there are no more. */
  take(rows: number): Promise<ValueColumn['at'] | Error>;
}

function openColumn(
  node: Node,
  { metadata }: ParquetFooter,
  group: number,
  window: FileWindow,
  unpack: Unpack,
): OpenColumn {
  const chunks = metadata.row_groups[group].columns;
  const leaves: LeafReader[] = [];
  let failed: Error | null = null;
  try {
    for (const n of leavesOf(node)) {
      const { meta_data: m, crypto_metadata: crypto } = chunks[n.first] ?? {};
      if (!m || crypto) throw new Error(`column ${n.leaf!.path} ${ENCRYPTED}`);
      if (m.path_in_schema.join('.') !== n.leaf!.path)
        throw new Error(`expected column ${n.leaf!.path}, got ${m.path_in_schema.join('.')}`);
      leaves.push(new LeafReader(n.leaf!, new PageReader(window, m, n.leaf!, unpack)));
    }
  } catch (error) {
    failed = damageOnly(error);
  }
  return {
    name: node.name,
    // A damaged schema has types that are none.
    type: node.leaf === null ? node.shape : `${node.leaf.type ?? ''}`.toLowerCase(),
    leaves,
    async take(rows) {
      if (failed !== null) return failed;
      try {
        const parts: LeafRows[] = [];
        for (const leaf of leaves) parts.push(await leaf.take(rows));
        return columnAt(node, parts);
      } catch (error) {
        failed = damageOnly(error);
        return failed;
      }
    },
  };
}

const firstRow = ({ groups }: ParquetFooter, number: number): number =>
  groups.slice(0, number).reduce((n, g) => n + g.rows, 0);

function openVariant({ name }: Node, read: ReadVariant, first: number): OpenColumn {
  let at = first;
  return {
    name,
    type: 'variant',
    leaves: [],
    async take(rows) {
      at += rows;
      return read(name, at - rows, at).catch(damageOnly);
    },
  };
}

const leavesOf = (node: Node): Node[] => (node.leaf ? [node] : node.children.flatMap(leavesOf));

/** Keeps memory within bounds where very many columns have a page at hand. */
function releasePages(columns: readonly OpenColumn[]): void {
  const leaves = columns.flatMap((c) => c.leaves);
  let held = leaves.reduce((n, l) => n + l.held, 0);
  for (const leaf of leaves) {
    if (held <= HELD_BYTES) return;
    held -= leaf.held;
    leaf.release();
  }
}

/** Unpacks pages of every packing that is read. */
export async function pageUnpack(): Promise<Unpack> {
  const codecs = await pageCodecs();
  return (codec, packed, size) => {
    if (codec === 'UNCOMPRESSED') return packed;
    if (codec === 'SNAPPY') {
      const out = new Uint8Array(size);
      snappyUncompress(packed, out);
      return out;
    }
    const unpack = codecs[codec as keyof typeof codecs];
    if (unpack === undefined) throw new Error(`expected a packing that is read, got ${codec}`);
    return unpack(packed, size);
  };
}
