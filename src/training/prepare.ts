import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, type OperatorFunction, pipe } from 'rxjs';
import { concatMap, takeWhile } from 'rxjs/operators';
import { ConfigError } from '../errors.ts';
import { writeTrainedOn } from '../models/trained-on.ts';
import type { DocumentBatch } from '../streams/batch.ts';
import { stringAt } from '../streams/columns.ts';
import { readDocuments } from '../streams/read-documents.ts';
import { groupSplit } from './group-split.ts';
import type { Reference } from './reference.ts';
import { TokenWriter } from './token-file.ts';

/** Ids 0 to 255 are bytes; this one begins a document. */
export const START = 256;
export const BYTE_VOCABULARY = 257;

/** Sequences of one document that a measurement reads at most, so that no document stands for a domain. */
const HELD_OUT_SEQUENCES = 2;

export interface Prepared {
  readonly trainTokens: number;
  readonly documents: {
    readonly train: number;
    readonly heldOut: number;
    readonly rest: number;
    readonly aside: number;
  };
  /** Bytes of text trained on, by domain. */
  readonly domains: Readonly<Record<string, number>>;
  /** Sequences of ids by domain, each at most `context` + 1 long. */
  readonly heldOut: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Reads the input once: token ids of the training side to a file, held-out sequences, and what was trained on for the record; null when told to stop. */
export async function prepare(
  reference: Reference,
  input: readonly string[],
  folder: string,
  stop?: AbortSignal,
): Promise<Prepared | null> {
  await mkdir(folder, { recursive: true });
  const { model, shares, domains, training } = reference;
  const split = await groupSplit(reference.groupBy, shares, reference.seed);
  const writer = await TokenWriter.open(join(folder, 'tokens.bin'), BYTE_VOCABULARY);
  const documents = { train: 0, heldOut: 0, rest: 0, aside: 0 };
  const bytes: Record<string, number> = {};
  const heldOut: Record<string, number[][]> = {};
  const held: Record<string, number> = {};
  const trainedOn: bigint[] = [];
  const take = async (batch: DocumentBatch): Promise<void> => {
    const { values, offsets } = batch.utf8('text');
    for (const row of batch.aliveRows()) {
      const domain = stringAt(batch.utf8('domain'), row) ?? '';
      if (domains !== null && !domains.includes(domain)) continue;
      const hashes = split.hashes(batch, row);
      const side = split.side(hashes.group);
      const text = values.subarray(offsets[row], offsets[row + 1]);
      if (text.length === 0) continue;
      documents[side]++;
      if (side === 'train') {
        await writer.write([START]);
        await writer.write(text);
        trainedOn.push(hashes.group, hashes.text);
        bytes[domain] = (bytes[domain] ?? 0) + text.length;
      } else if (side === 'heldOut' && (held[domain] ?? 0) < training.heldOutTokens) {
        const sequences = sequencesOf([START, ...text.subarray(0, HELD_OUT_SEQUENCES * model.context)], model.context);
        heldOut[domain] = [...(heldOut[domain] ?? []), ...sequences];
        held[domain] = (held[domain] ?? 0) + sequences.reduce((n, s) => n + s.length - 1, 0);
      }
    }
  };
  const steps = reference.steps.reduce<OperatorFunction<DocumentBatch, DocumentBatch>>(
    (all, s) => pipe(all, s),
    pipe(),
  );
  const onQuarantine = (): void => void documents.aside++;
  try {
    const batches = readDocuments(input, { ...reference.read, onQuarantine }).pipe(
      takeWhile(() => stop?.aborted !== true),
      steps,
      concatMap(take),
    );
    await lastValueFrom(batches, { defaultValue: undefined });
  } catch (error) {
    await writer.abort();
    throw error;
  }
  if (stop?.aborted) {
    await writer.abort();
    return null;
  }
  const trainTokens = await writer.finish();
  if (trainTokens <= model.context)
    throw new ConfigError({
      expected: `more than ${model.context} tokens to train on`,
      came: `${trainTokens} (${documents.train} of ${documents.train + documents.heldOut + documents.rest} documents)`,
      where: `reference ${reference.name}`,
      todo: 'Give more input, or a larger share to `shares.train`.',
    });
  await writeTrainedOn(join(folder, 'trained-on.bin'), trainedOn);
  const prepared = { trainTokens, documents, domains: bytes, heldOut };
  await writeFile(join(folder, 'prepared.json.tmp'), JSON.stringify(prepared));
  await rename(join(folder, 'prepared.json.tmp'), join(folder, 'prepared.json'));
  return prepared;
}

export async function readPrepared(folder: string): Promise<Prepared | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'prepared.json'), 'utf8')) as Prepared;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Sequences of at most `length` targets; each begins with the last id of the one before it. */
export function sequencesOf(ids: readonly number[], length: number): number[][] {
  const out: number[][] = [];
  for (let at = 0; at + 1 < ids.length; at += length) out.push(ids.slice(at, at + length + 1));
  return out;
}
