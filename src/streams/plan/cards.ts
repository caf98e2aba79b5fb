import type { FoundFile } from '../inputs/files.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { PlannedFile } from './splits.ts';

const CARD = 'a card beside data: give it as an input of its own to read it';

const NAMES =
  /^(readme|licen[cs]e|copying|notice|changelog|changes|authors|contributing|citation|code_of_conduct)([._-].*)?$/i;

/** Texts that people leave beside data: cards, licences and the like. */
const isCard = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return NAMES.test(name) || /\.(md|markdown)$/i.test(name) || name === '.gitattributes';
};

/** A file that was looked into, before it is cut. */
export interface KnownFile {
  readonly found: FoundFile;
  readonly planned: PlannedFile;
}

/**
 * Reasons to skip files that are no data: in an input (a folder, or a glob that asks for no extension) most of whose
 * other files are records, texts that are called like cards are not documents. With plain texts all are read.
 */
export function cardsBeside(files: readonly KnownFile[], options: ReadOptions): ReadonlyMap<KnownFile, string> {
  const skipped = new Map<KnownFile, string>();
  if (options.format !== 'auto' || options.domainFrom === 'kind') return skipped;
  const records = new Map<number, number>();
  const cards: KnownFile[] = [];
  for (const file of files) {
    const { found, planned } = file;
    const isText = planned.format === 'text' && planned.size > 0;
    if (isText && !found.explicit && isCard(planned.path)) cards.push(file);
    else if (planned.size > 0) records.set(found.input, (records.get(found.input) ?? 0) + (isText ? -1 : 1));
  }
  for (const card of cards) if ((records.get(card.found.input) ?? 0) > 0) skipped.set(card, CARD);
  return skipped;
}
