import { loadXxhash } from '../../hash.ts';
import { runInput } from '../../operators/run-input.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { stringAt } from '../../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { groupHasher } from '../../streams/inputs/groups.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import { metadataField } from '../../streams/plan/missing-fields.ts';
import { wholeCharacters } from '../tokenize.ts';
import { LowestKept } from './lowest-kept.ts';

/** A document of an arm that may be trained or measured on. */
export interface PoolDocument {
  /** From 0 to 1, by a seeded hash of the text: what is taken first. */
  readonly place: number;
  readonly domain: string;
  readonly text: Uint8Array;
  readonly textHash: bigint;
}

/** What one arm has to offer: a random part of it, the same part whatever the order of its files. */
export interface Pool {
  /** Of the whole arm. */
  readonly documents: number;
  readonly bytes: number;
  /** Records that could not be read. */
  readonly aside: number;
  /** Documents that were left out. */
  readonly leftOut: number;
  readonly train: readonly PoolDocument[];
  readonly heldOut: readonly PoolDocument[];
  /** Hashes of all texts on the held-out side, kept here or not. */
  readonly heldOutTexts: ReadonlySet<bigint>;
  /** Hashes of all groups on the held-out side. */
  readonly heldOutGroups: ReadonlySet<bigint>;
}

export interface PoolOptions {
  readonly read: ReadOptions;
  readonly groupBy: string;
  readonly seed: number;
  /** Bytes of text to train on that are kept. */
  readonly trainBytes: number;
  /** Bytes of a domain to measure on that are kept. */
  readonly heldOutBytes: number;
  /** Share of the groups on the held-out side; 1: all. */
  readonly heldOutShare: number;
  /** Groups and texts that are not trained on. */
  readonly never: ReadonlySet<bigint>;
  /** Groups and texts that are left out altogether. Default: none. */
  readonly leftOut?: { has(hash: bigint): boolean };
  /** Bytes of a document that are measured on. Default 1,024, so that no document stands for a domain. */
  readonly measured?: number;
  readonly stop?: AbortSignal;
  readonly onWarning?: (text: string) => void;
}

/** Of a document no more is trained on, so that none stands for its arm. */
const MOST_TRAINED = 65_536;
/** Of a document no more is measured on. */
const MOST_MEASURED = 1024;

/** Reads an arm once. Null when told to stop. Errors: those of `runInput`. */
export async function readPool(input: readonly string[], options: PoolOptions): Promise<Pool | null> {
  const { seed, never, stop } = options;
  const { h64 } = await loadXxhash();
  const hashes = await groupHasher(options.groupBy);
  const placeOf = (hash: bigint, what: string): number =>
    Number(h64(`${what} ${seed} ${hash.toString(16)}`) >> 11n) / 2 ** 53;
  const train = new LowestKept<PoolDocument>(options.trainBytes);
  const heldOut = new Map<string, LowestKept<PoolDocument>>();
  const [texts, groups] = [new Set<bigint>(), new Set<bigint>()];
  let [documents, bytes, aside, leftOut] = [0, 0, 0, 0];
  const write = async (batch: DocumentBatch): Promise<void> => {
    const { values, offsets } = batch.utf8('text');
    for (const row of batch.aliveRows()) {
      const text = values.subarray(offsets[row], offsets[row + 1]);
      if (text.length === 0) continue;
      documents++;
      bytes += text.length;
      const found = hashes(batch, row);
      if ([found.group, found.text, found.original].some((hash) => options.leftOut?.has(hash))) {
        leftOut++;
        continue;
      }
      // Without a group: an id stays when a recipe rewrites the text, so that two arms agree on the document.
      const id = stringAt(batch.utf8('id'), row);
      const byId = options.groupBy !== 'text' && found.group === found.original && id !== null;
      const group = byId ? h64(`id ${id}`) : found.group;
      const place = placeOf(found.text, 'place');
      const domain = stringAt(batch.utf8('domain'), row) ?? '';
      const keep = (kept: LowestKept<PoolDocument>, most: number): void => {
        const size = Math.min(text.length, most);
        if (!kept.takes(place)) return;
        kept.add(place, size, { place, domain, text: wholeCharacters(text, most).slice(), textHash: found.text });
      };
      if (placeOf(group, 'side') < options.heldOutShare) {
        texts.add(found.text);
        groups.add(found.group);
        if (!heldOut.has(domain)) heldOut.set(domain, new LowestKept(options.heldOutBytes));
        keep(heldOut.get(domain)!, options.measured ?? MOST_MEASURED);
      } else if (!never.has(found.group) && !never.has(found.text) && !never.has(found.original)) {
        keep(train, MOST_TRAINED);
      }
    }
  };
  const quarantine = ({ rows }: QuarantinedRecord): void => {
    aside += rows ?? 1;
  };
  const fields = options.groupBy === 'metadata.group' ? [] : metadataField(options.groupBy, 'groupBy');
  const { read, onWarning } = options;
  await runInput({ input, read, sink: { quarantine, write }, stop, onWarning, fields });
  if (stop?.aborted) return null;
  return {
    documents,
    bytes,
    aside,
    leftOut,
    train: train.items(),
    heldOut: [...heldOut.values()].flatMap((kept) => kept.items()),
    heldOutTexts: texts,
    heldOutGroups: groups,
  };
}
