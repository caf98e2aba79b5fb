// Documents of a corpus with the group that they belong to: what must not stand on both sides of a split.
import { concatMap, from, lastValueFrom, toArray } from 'rxjs';
import { stringAt } from '../src/streams/batch/columns.ts';
import { groupHasher } from '../src/streams/inputs/groups.ts';
import { readDocuments } from '../src/streams/inputs/read-documents.ts';

export interface CorpusDocument {
  readonly id: string;
  readonly domain: string;
  readonly text: string;
  /** Hash of the text. */
  readonly hash: bigint;
  /** Hash of the group; of the document that it was made from, where `metadata.from` names one. */
  readonly group: bigint;
  readonly from: string | null;
  /** `metadata.noise_type` */
  readonly noise: string | null;
}

/** Every document of the files, in order. */
export async function corpusDocuments(inputs: readonly string[]): Promise<CorpusDocument[]> {
  const hashes = await groupHasher('metadata.group');
  const documents: CorpusDocument[] = await lastValueFrom(
    readDocuments(inputs).pipe(
      concatMap((batch) =>
        from(
          [...batch.aliveRows()].map((row): CorpusDocument => {
            const metadata = JSON.parse(stringAt(batch.utf8('metadata'), row) ?? '{}') as {
              from?: string;
              noise_type?: string;
            };
            const { group, text } = hashes(batch, row);
            return {
              id: stringAt(batch.utf8('id'), row) ?? '',
              domain: stringAt(batch.utf8('domain'), row) ?? '',
              text: stringAt(batch.utf8('text'), row) ?? '',
              hash: text,
              group,
              from: metadata.from ?? null,
              noise: metadata.noise_type ?? null,
            };
          }),
        ),
      ),
      toArray(),
    ),
    { defaultValue: [] },
  );
  const groups = new Map(documents.map((d) => [d.id, d.group]));
  return documents.map((d) => (d.from === null ? d : { ...d, group: groups.get(d.from) ?? d.group }));
}

/** Texts in Arrow's layout, a part of at most `rows` at a time. */
export function* inParts<T>(items: readonly T[], rows: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += rows) yield items.slice(at, at + rows);
}

/** At most `bytes` bytes of UTF-8, cut between two characters. */
export function firstBytes(text: Uint8Array, bytes: number): Uint8Array {
  if (text.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && (text[end] & 0xc0) === 0x80) end--;
  return text.subarray(0, end);
}

/** Progress for people, on standard error. */
export const say = (line: string): boolean => process.stderr.write(`${line}\n`);
