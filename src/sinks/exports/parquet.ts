import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { publish } from '../../files/publish.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { utf8Column } from '../../streams/batch/columns.ts';
import type { TokenRows } from '../../streams/tokens/documents.ts';
import { parquetWriter } from '../parquet/writer.ts';
import type { SegmentWriter } from '../segment.ts';
import type { ListColumn, TableBatch, TableColumn } from '../table.ts';
import { type ExportFormat, idsOf } from './format.ts';

/** Tokens of a file: about 200 MB. */
const FILE_TOKENS = 1 << 26;
/** Readers keep one row group in memory: 16 MB of ids. */
const GROUP = { rows: 8192, bytes: 16 * 1024 * 1024, numbers: true } as const;

/**
 * `<train | validation>-NNNNN-of-NNNNN.parquet`: `input_ids` (list of int32), `domain`, and `id` of documents or
 * `starts` of sequences (places at which documents begin). The names are those by which `load_dataset` tells splits.
 */
export const parquetExport = (fileTokens = FILE_TOKENS): ExportFormat => ({
  name: 'parquet',
  about: 'input_ids (list of int32), domain, and starts or id; for load_dataset, pyarrow, DuckDB',
  rows: ['sequences', 'documents'],
  valShare: 0,
  async open({ folder, part }) {
    const encoders = await loadKernel();
    const split = part === 'val' ? 'validation' : 'train';
    const temporary: string[] = [];
    let writer: SegmentWriter | null = null;
    let [inFile, rows, tokens] = [0, 0, 0];
    const close = async (): Promise<void> => {
      const file = await writer?.finish();
      if (file) await publish(folder, [file]);
      writer = null;
      inFile = 0;
    };
    return {
      async write(batch) {
        if (writer === null) {
          const path = `${split}-${String(temporary.length).padStart(5, '0')}.parquet`;
          temporary.push(path);
          const place = { runDirectory: folder, path };
          writer = await parquetWriter(place, { compression: 'zstd', level: 1, columns: null }, encoders, GROUP);
        }
        await writer.write(tableOf(batch));
        const own = batch.offsets[batch.domains.length] - batch.offsets[0];
        inFile += own;
        tokens += own;
        rows += batch.domains.length;
        if (inFile >= fileTokens) await close();
      },
      async finish() {
        await close();
        if (rows === 0) return null;
        const of = String(temporary.length).padStart(5, '0');
        const files = temporary.map((name) => name.replace(/\.parquet$/, `-of-${of}.parquet`));
        for (const [i, name] of temporary.entries()) await rename(join(folder, name), join(folder, files[i]));
        return { files, rows, tokens, empty: 0 };
      },
      async abort() {
        await writer?.abort();
      },
    };
  },
  notes: () => [],
});

function tableOf(rows: TokenRows): TableBatch {
  const { offsets, domains, names, starts } = rows;
  const columns = new Map<string, TableColumn>([
    [
      'input_ids',
      listOf(
        new Int32Array(idsOf(rows)),
        Int32Array.from(offsets, (o) => o - offsets[0]),
      ),
    ],
    ['domain', utf8Column(domains)],
  ]);
  if (names) columns.set('id', utf8Column(names));
  if (starts) columns.set('starts', listsOf(starts));
  return { columns, rows: domains.length };
}

const listOf = (values: Int32Array, offsets: Int32Array): ListColumn => ({
  type: 'list',
  offsets,
  valid: null,
  child: { type: 'int32', values, valid: null },
});

function listsOf(lists: readonly (readonly number[])[]): ListColumn {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    offsets[i + 1] = offsets[i] + list.length;
  });
  return listOf(Int32Array.from(lists.flat()), offsets);
}
