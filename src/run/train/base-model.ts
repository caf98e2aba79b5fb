import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelConfig } from '../../models/folders/hugging-face.ts';
import { type LanguageModel, type LanguageModelConfig, modelConfig } from '../../models/language-model.ts';
import { newModel } from '../../models/new-model.ts';
import { loadScoringModel, type ModelFolderInfo, modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { loadTokenizer } from '../../models/tokenizers/load.ts';
import type { Tokenizer } from '../../models/tokenizers/tokenizer.ts';
import type { Continual } from '../../recipe/continual.ts';
import type { Json } from '../../streams/operator.ts';
import { tokenVocabulary } from '../../streams/tokens/token-kind.ts';
import { writeTokenizer } from '../../training/tokenize.ts';

const SHIPPED = new URL('../../../models/prose/', import.meta.url);

/** Folder of a model: that which ships for `prose`, otherwise the path itself. */
export const modelFolder = (model: string): string => (model === 'prose' ? fileURLToPath(SHIPPED) : model);

/** Files of a tokenizer that go along with a model. */
const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
];

/** The model that a training begins with. */
export interface BaseModel {
  /** `prose`, the name of its folder, or `new`. */
  readonly name: string;
  /** Changes with every byte of shape, weights and tokenizer. */
  readonly identity: Json;
  readonly config: LanguageModelConfig;
  readonly tokenizer: Tokenizer;
  /** As `tokens()` takes it. */
  readonly tokenizerSource: string;
  /** Id that begins a document; null: none does. */
  readonly start: number | null;
  /** What stands behind every document in a store for it. */
  readonly endOfText: number | 'auto';
  readonly weights: LanguageModel;
  /** What it was trained on, where that is known. */
  readonly trainedOn: ModelFolderInfo['trainedOn'];
  /** Writes the files of its tokenizer into the folder of a model. */
  saveTokenizer(folder: string): Promise<void>;
}

/**
 * The model of a recipe, read: the one that ships, that of a Hugging Face directory, or a new one. Errors: ConfigError
 * for a folder without a model, InputError for one that the graphs do not compute.
 */
export async function baseModel({ model, seed }: Continual): Promise<BaseModel> {
  if (typeof model !== 'string') return randomModel(model, seed);
  const folder = modelFolder(model);
  const info = modelFolderInfo(folder);
  const { model: weights, tokenizer } = await loadScoringModel(info);
  const bytes = tokenizer.hash.startsWith('bytes@');
  return {
    name: info.name,
    identity: { name: info.name, hash: info.hash },
    config: readModelConfig(folder),
    tokenizer,
    tokenizerSource: bytes ? 'bytes' : folder,
    start: info.start,
    endOfText: info.start ?? 'auto',
    weights,
    trainedOn: info.trainedOn,
    saveTokenizer: (into) => saveTokenizer(existsSync(join(folder, 'tokenizer.json')) ? folder : null, into),
  };
}

async function randomModel(shape: Exclude<Continual['model'], string>, seed: number): Promise<BaseModel> {
  const { tokenizer: source, ...rest } = shape;
  const tokenizer = await loadTokenizer(source);
  const { size, endOfText } = tokenVocabulary(tokenizer, 'auto');
  const config = modelConfig({ ...rest, vocabulary: size, bosToken: endOfText, eosToken: endOfText });
  return {
    name: 'new',
    identity: { ...rest, tokenizer: tokenizer.hash, seed },
    config,
    tokenizer,
    tokenizerSource: source,
    start: endOfText,
    endOfText: 'auto',
    weights: newModel(config, seed),
    trainedOn: null,
    saveTokenizer: (into) => saveTokenizer(source === 'bytes' ? null : source, into),
  };
}

/** @param from folder or file; null: bytes */
async function saveTokenizer(from: string | null, into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  if (from === null) return writeTokenizer([], into);
  const file = from.endsWith('.json') ? from : null;
  if (file !== null) return copyFile(file, join(into, 'tokenizer.json'));
  for (const name of TOKENIZER_FILES)
    if (existsSync(join(from, name))) await copyFile(join(from, name), join(into, name));
}
