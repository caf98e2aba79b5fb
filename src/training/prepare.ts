import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { readIfThere, writeWhole } from '../files/whole.ts';
import { HashList, trainedOn, writeTrainedOn } from '../models/folders/trained-on.ts';
import { byteTokenizer } from '../models/tokenizers/bytes.ts';
import { PieceCounts, START } from '../models/tokenizers/train-bpe.ts';
import { runInput } from '../operators/run-input.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { stringAt } from '../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import type { GroupHashes } from '../streams/inputs/groups.ts';
import { wantedDomains } from '../streams/inputs/wanted-domains.ts';
import { metadataField } from '../streams/plan/missing-fields.ts';
import { groupSplit } from './group-split.ts';
import type { Reference } from './reference.ts';
import { TokenWriter } from './token-file.ts';
import { BYTE_VOCABULARY, learnBytePairs, recode, wholeCharacters } from './tokenize.ts';

/** Sequences of one document that a measurement reads at most, so that no document stands for a domain. */
const HELD_OUT_SEQUENCES = 2;

/**
 * More than any tokenizer makes of a token on average: of a held-out document so many bytes are kept until there is
 * one.
 */
const BYTES_A_TOKEN = 8;

export interface Prepared {
  /** Of the training that this was prepared for. */
  readonly identity: string;
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

/**
 * Reads the input once: token ids of the training side to a file, held-out sequences, and what was trained on for the
 * record; null when told to stop.
 * @param folder in that of the training: nothing there is input
 */
export async function prepare(
  reference: Reference,
  input: readonly string[],
  folder: string,
  identity: string,
  stop?: AbortSignal,
  onWarning?: (text: string) => void,
): Promise<Prepared | null> {
  await mkdir(folder, { recursive: true });
  // Its files are about to be those of this training.
  await rm(join(folder, 'prepared.json'), { force: true });
  const { model, shares, training } = reference;
  const domains = wantedDomains(reference.domains, `reference ${reference.name}`);
  const split = await groupSplit(reference.groupBy, shares, reference.seed);
  // Byte pairs are learnt from what is trained on, so that ids are made only after everything was read.
  const pieces = model.vocabulary > BYTE_VOCABULARY ? new PieceCounts() : null;
  const path = join(folder, 'tokens.bin');
  const writer = await TokenWriter.open(pieces ? join(folder, 'bytes.bin') : path, BYTE_VOCABULARY);
  const documents = { train: 0, heldOut: 0, rest: 0, aside: 0 };
  const bytes = new Map<string, number>();
  const heldOutTexts = new Map<string, { readonly hashes: GroupHashes; readonly text: Uint8Array }[]>();
  const held = new Map<string, number>();
  const longest = HELD_OUT_SEQUENCES * model.context;
  const hashList = new HashList();
  const write = async (batch: DocumentBatch): Promise<void> => {
    const { values, offsets } = batch.utf8('text');
    for (const row of batch.aliveRows()) {
      if (!domains.covers(batch, row)) continue;
      const domain = stringAt(batch.utf8('domain'), row) ?? '';
      const hashes = split.hashes(batch, row);
      const side = split.side(hashes.group);
      const text = values.subarray(offsets[row], offsets[row + 1]);
      if (text.length === 0) continue;
      documents[side]++;
      if (side === 'train') {
        await writer.write([START]);
        await writer.write(text);
        pieces?.add(stringAt(batch.utf8('text'), row) ?? '');
        hashList.add(hashes.group, hashes.text, hashes.original);
        bytes.set(domain, (bytes.get(domain) ?? 0) + text.length);
      } else if (side === 'heldOut' && (held.get(domain) ?? 0) < training.heldOutTokens) {
        const part = wholeCharacters(text, longest * (pieces ? BYTES_A_TOKEN : 1)).slice();
        const texts = heldOutTexts.get(domain) ?? [];
        texts.push({ hashes, text: part });
        heldOutTexts.set(domain, texts);
        // A lower bound of its tokens; what is too much is left out when they are counted.
        held.set(domain, (held.get(domain) ?? 0) + part.length / (pieces ? BYTES_A_TOKEN : 1));
      }
    }
  };
  const quarantine = (r: QuarantinedRecord): void => {
    documents.aside += r.rows ?? 1;
  };
  try {
    const { read, steps, groupBy } = reference;
    const fields = groupBy === 'metadata.group' ? [] : metadataField(groupBy, 'groupBy');
    const sink = { quarantine, write };
    await runInput({ input, read, steps, sink, stop, onWarning, fields, output: dirname(folder) });
    if (!stop?.aborted) domains.check();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  if (stop?.aborted) {
    await writer.abort();
    return null;
  }
  let trainTokens = await writer.finish();
  let tokenizer = byteTokenizer;
  if (pieces) {
    tokenizer = await learnBytePairs(pieces, model.vocabulary, folder);
    const ids = tokenizer.vocabularySize;
    if (ids < model.vocabulary)
      onWarning?.(
        `the text gives ${ids} token ids of the ${model.vocabulary} of model.vocabulary: the others stay in ` +
          'the model, unused',
      );
    trainTokens = await recode(writer.path, trainTokens, path, tokenizer, model.vocabulary);
  }
  // A text that stands in groups of both sides was trained on.
  const seen = trainedOn(hashList.sorted());
  const heldOut = Object.fromEntries(
    [...heldOutTexts].map(([domain, texts]) => {
      let left = training.heldOutTokens;
      const sequences = texts.flatMap(({ hashes, text }) => {
        if (left <= 0 || seen.has(hashes.text) || seen.has(hashes.original)) return [];
        const ids = [START, ...tokenizer.encode(text).subarray(0, longest)];
        left -= ids.length - 1;
        return sequencesOf(ids, model.context);
      });
      return [domain, sequences];
    }),
  );
  if (trainTokens <= model.context)
    throw new ConfigError({
      expected: `more than ${model.context} tokens to train on`,
      got: `${trainTokens} (${documents.train} of ${documents.train + documents.heldOut + documents.rest} documents)`,
      where: `reference ${reference.name}`,
      fix: 'Give more input, or a larger share to `shares.train`.',
    });
  await writeTrainedOn(join(folder, 'trained-on.bin'), hashList);
  const prepared = { identity, trainTokens, documents, domains: Object.fromEntries(bytes), heldOut };
  await writeWhole(join(folder, 'prepared.json'), JSON.stringify(prepared));
  return prepared;
}

/** What was prepared for the training of this identity; null where there is nothing, or of another one. */
export async function readPrepared(folder: string, identity: string): Promise<Prepared | null> {
  const text = await readIfThere(join(folder, 'prepared.json'));
  const prepared = text === null ? null : (JSON.parse(text) as Prepared);
  return prepared?.identity === identity ? prepared : null;
}

/** Sequences of at most `length` targets; each begins with the last id of the one before it. */
export function sequencesOf(ids: readonly number[], length: number): number[][] {
  const out: number[][] = [];
  for (let at = 0; at + 1 < ids.length; at += length) out.push(ids.slice(at, at + length + 1));
  return out;
}
