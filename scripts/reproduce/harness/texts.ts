// Text of a few domains: ids to train on, and held-out sequences, apart by group.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { START } from '../../../src/models/tokenizers/train-bpe.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { sequenceOf } from '../../../src/training/blocks.ts';
import { readPool } from '../../../src/training/compare/pool.ts';
import { sequencesOf } from '../../../src/training/prepare.ts';
import type { TrainingSequence } from '../../../src/training/sequences.ts';

export interface DomainText {
  readonly name: string;
  /** Bytes of documents, each after START. */
  readonly ids: Uint16Array;
  readonly heldOut: readonly TrainingSequence[];
}

export interface TextSizes {
  readonly trainBytes: number;
  readonly heldOutBytes: number;
  readonly context: number;
}

/** @param folder with one file or folder for each domain, whose names begin with that of the domain */
export async function domainText(folder: string, name: string, sizes: TextSizes): Promise<DomainText> {
  const files = readdirSync(folder).filter((f) => f.startsWith(name));
  if (files.length === 0) throw new Error(`expected a file or folder ${name}* in ${folder}`);
  const pool = await readPool(
    files.slice(0, 1).map((f) => join(folder, f)),
    {
      read: readOptions.parse({ domainFrom: `constant:${name}` }),
      groupBy: 'metadata.group',
      seed: 0,
      trainBytes: sizes.trainBytes,
      heldOutBytes: sizes.heldOutBytes,
      heldOutShare: 0.1,
      never: new Set(),
    },
  );
  const train = pool!.train.filter((d) => !pool!.heldOutTexts.has(d.textHash));
  const all = train.flatMap((d) => [START, ...byteTokenizer.encode(d.text)]);
  const heldOut = pool!.heldOut.flatMap((d) =>
    sequencesOf([START, ...byteTokenizer.encode(d.text)], sizes.context).map((ids) =>
      sequenceOf(ids, sizes.context, START),
    ),
  );
  return { name, ids: Uint16Array.from(all).subarray(0, sizes.trainBytes), heldOut };
}
