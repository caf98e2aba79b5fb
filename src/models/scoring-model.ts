import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { loadModel } from './hugging-face.ts';
import type { LanguageModel } from './language-model.ts';
import { byteTokenizer } from './tokenizers/bytes.ts';
import { loadTokenizer } from './tokenizers/hugging-face.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';

/** What can be said of a model folder without loading the weights. */
export interface ModelFolderInfo {
  readonly folder: string;
  readonly name: string;
  /** Changes with every byte of shape, weights and tokenizer. */
  readonly hash: string;
  /** Id before the first token of a document; null: there is none. */
  readonly start: number | null;
  /** How the documents it was trained on were grouped; null where that is not known. */
  readonly trainedOn: { readonly groupBy: string; readonly list: string } | null;
}

const WEIGHTS = /\.safetensors$/;

/** Files that decide a score. */
const DECIDES =
  /^(config\.json|tokenizer\.json|tokenizer_config\.json|sluice\.json|model(-\d+-of-\d+)?\.safetensors(\.index\.json)?)$/;

/**
 * A folder with a model: one that `sluice train-reference` wrote, or any Hugging Face directory of a known architecture.
 * Throws ConfigError for a folder that is none. Reads every byte of the weights for the hash (about 1 GB/s).
 */
export function modelFolderInfo(folder: string): ModelFolderInfo {
  const reference = referenceOf(folder);
  if (!existsSync(join(folder, 'config.json')))
    throw new ConfigError({
      expected: 'a folder with config.json and model.safetensors',
      came: existsSync(folder) ? 'a folder without config.json' : 'a folder that is not there',
      where: folder,
      todo: 'Train one with `sluice train-reference`, or give a Hugging Face model directory.',
    });
  const files = readdirSync(folder)
    .filter((f) => DECIDES.test(f))
    .sort();
  const needed = reference?.tokenizer.name === 'bytes' ? [WEIGHTS] : [WEIGHTS, /^tokenizer\.json$/];
  const lacking = needed.find((name) => !files.some((f) => name.test(f)));
  if (lacking)
    throw new ConfigError({
      expected: `a model with ${lacking === WEIGHTS ? 'its weights (model.safetensors)' : 'its tokenizer.json'}`,
      came: files.join(', '),
      where: folder,
      todo: 'Copy the whole directory of the model; weights in other formats are converted with save_pretrained() of transformers.',
    });
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\n`);
    if (file === 'sluice.json') hash.update(JSON.stringify(reference?.tokenizer ?? null));
    else hashFile(hash, join(folder, file));
  }
  const list = join(folder, 'trained-on.bin');
  return {
    folder,
    name: basename(folder),
    hash: hash.digest('hex').slice(0, 16),
    start: reference ? reference.tokenizer.start : bosOf(folder),
    trainedOn: reference && existsSync(list) ? { groupBy: reference.reference.groupBy, list } : null,
  };
}

/** The parts of sluice.json that scoring needs. */
interface ReferenceRecord {
  readonly status: string;
  readonly tokenizer: { readonly name: string; readonly start: number };
  readonly reference: { readonly groupBy: string };
}

function referenceOf(folder: string): ReferenceRecord | null {
  const path = join(folder, 'sluice.json');
  if (!existsSync(path)) return null;
  const record = JSON.parse(readFileSync(path, 'utf8')) as ReferenceRecord;
  const known = record.tokenizer.name === 'bytes' || record.tokenizer.name === 'byte_pairs';
  if (record.status === 'done' && known) return record;
  throw new ConfigError({
    expected: 'a finished reference model',
    came: `status ${record.status}, tokenizer ${record.tokenizer.name}`,
    where: path,
    todo: known
      ? 'Let `sluice train-reference` finish first.'
      : 'A later version of Sluice made it: score with that one.',
  });
}

function bosOf(folder: string): number | null {
  const { bos_token_id: bos } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
    bos_token_id?: unknown;
  };
  return Number.isInteger(bos) ? (bos as number) : null;
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
