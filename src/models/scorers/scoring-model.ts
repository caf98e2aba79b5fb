import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isReference } from '../../files/reference-record.ts';
import { loadModel, readModelConfig } from '../folders/hugging-face.ts';
import { jsonFields, readJson } from '../folders/json-fields.ts';
import { TRAINED_ON } from '../folders/trained-on.ts';
import { INDEX, WEIGHTS, weightFiles } from '../folders/weight-files.ts';
import type { LanguageModel } from '../language-model.ts';
import { byteTokenizer } from '../tokenizers/bytes.ts';
import { loadTokenizer } from '../tokenizers/load.ts';
import { startOfText } from '../tokenizers/start-of-text.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { howToConvert, sentencePieceIn } from '../tokenizers/tokenizer-files.ts';

/** What can be said of a model folder without loading the weights. */
export interface ModelFolderInfo {
  readonly folder: string;
  readonly name: string;
  /**
   * Changes with every byte of shape, weights and tokenizer, and with what the model was trained on, which gets no
   * score.
   */
  readonly hash: string;
  /** Id before the first token of a document; null: there is none. */
  readonly start: number | null;
  /** How the documents it was trained on were grouped; null where that is not known. */
  readonly trainedOn: { readonly groupBy: string; readonly list: string } | null;
}

/** Files that decide a score beside the weights. */
const DECIDES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'sluice.json'];

/**
 * A folder with a model: one that `sluice train-reference` wrote, or any Hugging Face directory of a known
 * architecture. Throws ConfigError for a folder that is none, InputError for a model that the graphs do not compute.
 * Reads every byte of the weights for the hash (about 1 GB/s).
 */
export function modelFolderInfo(folder: string): ModelFolderInfo {
  const reference = referenceOf(folder);
  if (!existsSync(join(folder, 'config.json')))
    throw new ConfigError({
      expected: 'a folder with config.json and model.safetensors',
      got: missingFolder(folder),
      where: folder,
      fix:
        'Train one with `sluice train-reference`, or name a Hugging Face model directory. An n-gram model is ' +
        'for ngramPerplexity().',
    });
  const { bosToken } = readModelConfig(folder);
  const weights = weightFiles(folder);
  const index = weights.length === 0 || weights[0] === WEIGHTS ? [] : [INDEX];
  const files = [...DECIDES.filter((name) => existsSync(join(folder, name))), ...index, ...weights].sort();
  const tokenized = reference?.tokenizer.name === 'bytes' || files.includes('tokenizer.json');
  const pieces = sentencePieceIn(folder);
  if (weights.length === 0 || !tokenized)
    throw new ConfigError({
      expected: `a model with ${weights.length === 0 ? `its weights (${WEIGHTS})` : 'its tokenizer.json'}`,
      got: files.join(', '),
      where: folder,
      fix:
        tokenized || pieces === null
          ? 'Copy the whole model directory. Convert weights in other formats with save_pretrained() of transformers.'
          : howToConvert(pieces),
    });
  const missing = weights.find((file) => !existsSync(join(folder, file)));
  if (missing !== undefined)
    throw new ConfigError({
      expected: `every file that ${INDEX} names`,
      got: `a folder without ${missing}`,
      where: folder,
      fix: 'Copy the whole model directory.',
    });
  const list = join(folder, TRAINED_ON.list);
  const groupBy = reference ? reference.reference.groupBy : groupsIn(folder);
  // Without it the texts that the model was trained on would get scores, and good ones.
  if ((isReference(reference) || (!reference && groupBy !== null)) && !existsSync(list))
    throw new ConfigError({
      expected: 'the list of what the model was trained on',
      got: 'a folder without trained-on.bin',
      where: folder,
      fix: 'Copy the whole model directory.',
    });
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\n`);
    if (file === 'sluice.json') hash.update(JSON.stringify(reference?.tokenizer ?? null));
    else hashFile(hash, join(folder, file));
  }
  const trainedOn = groupBy !== null && existsSync(list) ? { groupBy, list } : null;
  if (trainedOn) {
    hash.update(`trained-on.bin\n${JSON.stringify(trainedOn.groupBy)}\n`);
    hashFile(hash, list);
  }
  return {
    folder,
    name: basename(folder),
    hash: hash.digest('hex').slice(0, 16),
    start: reference ? reference.tokenizer.start : startOfText(folder, bosToken),
    trainedOn,
  };
}

/** How the documents on the list of a model that was trained on are grouped; null where it has none. */
function groupsIn(folder: string): string | null {
  const path = join(folder, TRAINED_ON.about);
  return existsSync(path) ? jsonFields(readJson(path), path).text('groupBy') : null;
}

const missingFolder = (folder: string): string => {
  if (!existsSync(folder)) return 'a folder that is not there';
  return statSync(folder).isDirectory() ? 'a folder without config.json' : 'a file';
};

/** The parts of sluice.json that scoring needs. */
interface ReferenceRecord {
  /** `reference` where `sluice train-reference` made it, with its list of what it was trained on. */
  readonly kind?: string;
  readonly status: string;
  readonly tokenizer: { readonly name: string; readonly start: number };
  readonly reference: { readonly groupBy: string };
}

function referenceOf(folder: string): ReferenceRecord | null {
  const path = join(folder, 'sluice.json');
  if (!existsSync(path)) return null;
  const record = readJson(path);
  const fields = jsonFields(record, path);
  const [status, tokenizer] = [fields.text('status', 'nothing'), fields.object('tokenizer')?.text('name') ?? 'nothing'];
  const known = tokenizer === 'bytes' || tokenizer === 'byte_pairs';
  if (status === 'done' && known) return record as ReferenceRecord;
  throw new ConfigError({
    expected: 'a finished reference model',
    got: `status ${status}, tokenizer ${tokenizer}`,
    where: path,
    fix: known ? 'Let `sluice train-reference` finish first.' : 'A later version of Sluice made it: use that version.',
  });
}

function hashFile(hash: ReturnType<typeof createHash>, path: string): void {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(1 << 20);
    for (let n = readSync(file, buffer); n > 0; n = readSync(file, buffer)) hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(file);
  }
}

/** Weights and tokenizer of a model folder. */
export async function loadScoringModel(info: ModelFolderInfo): Promise<{ model: LanguageModel; tokenizer: Tokenizer }> {
  const model = await loadModel(info.folder);
  const bytes = referenceOf(info.folder)?.tokenizer.name === 'bytes';
  return { model, tokenizer: bytes ? byteTokenizer : await loadTokenizer(info.folder) };
}
