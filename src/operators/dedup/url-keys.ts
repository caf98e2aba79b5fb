import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { stringAt, type Utf8Column, utf8Column } from '../../streams/batch/columns.ts';
import { normalUrl, type UrlOptions } from './url-normal.ts';

/** 128-bit hashes of the normal addresses of a batch, and which rows have one. */
export interface UrlKeys {
  /** Two words a row, high half first; zeros where there is none. */
  readonly hashes: BigUint64Array;
  /** 1 where a row in scope has an address. */
  readonly has: Uint8Array;
  /** The normal addresses; null where there is none. */
  readonly urls: Utf8Column;
}

/** The address of a document: a dotted path into its metadata, or a utf8 column of the batch. */
export function urlOf(batch: DocumentBatch, row: number, path: string): string | null {
  const column = batch.columns.get(path);
  if (column?.type === 'utf8') return stringAt(column, row);
  const raw = stringAt(batch.utf8('metadata'), row);
  if (raw === null || raw === '') return null;
  const parsed: unknown = JSON.parse(raw);
  const value = path in Object(parsed) ? Object(parsed)[path] : path.split('.').reduce((v, k) => Object(v)[k], parsed);
  return typeof value === 'string' ? value : null;
}

export function urlKeys(
  batch: DocumentBatch,
  scope: Uint8Array,
  kernel: Pick<Kernel, 'contentHashes'>,
  path: string,
  options: UrlOptions,
): UrlKeys {
  const urls = Array.from(scope, (inScope, row) => {
    const url = inScope === 1 ? urlOf(batch, row, path) : null;
    return url === null ? null : normalUrl(url, options);
  });
  const has = Uint8Array.from(urls, (u) => (u === null ? 0 : 1));
  const column = utf8Column(urls);
  return { hashes: kernel.contentHashes(column.values, column.offsets, batch.rows, has), has, urls: column };
}
