import type { ReadOptions } from '../inputs/read-options.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { extensionsOf } from './extensions.ts';
import { kindOf } from './kinds.ts';

/** Where the domain of the documents of a file comes from. */
export interface DomainSource {
  /** Fields of the record that are asked first. */
  readonly fields: readonly string[];
  /** When they do not say. */
  readonly otherwise: string;
}

/** Domain of documents whose field does not say, with `field:`. */
export const UNKNOWN_DOMAIN = 'unknown';

export function domainSource({ path }: PlannedFile, { domainFrom }: ReadOptions): DomainSource {
  if (domainFrom === 'auto') return { fields: ['domain', 'metadata.domain'], otherwise: domainOfPath(path) };
  if (domainFrom === 'path') return { fields: [], otherwise: domainOfPath(path) };
  if (domainFrom === 'kind') return { fields: [], otherwise: kindOf(path) };
  const value = domainFrom.slice(domainFrom.indexOf(':') + 1);
  return domainFrom.startsWith('field:')
    ? { fields: [value], otherwise: UNKNOWN_DOMAIN }
    : { fields: [], otherwise: value };
}

/**
 * First folder below the input root, else the file name without extensions and without the number of its shard:
 * `books-00012-of-00100.jsonl.gz` is `books`. A name of nothing but numbers is `documents`.
 */
export function domainOfPath(path: string): string {
  const slash = path.indexOf('/');
  if (slash > 0) return path.slice(0, slash);
  const { packing, inner } = extensionsOf(path);
  let name = path;
  for (const extension of [packing, inner])
    if (extension !== '' && name.length > extension.length + 1) name = name.slice(0, -extension.length - 1);
  const base = name.replace(/[-_.]?(?<!\d)\d+([-_.]of[-_.]\d+)?$/, '').replace(/(?<![-_.])[-_.]+$/, '');
  return base === '' ? 'documents' : base;
}
