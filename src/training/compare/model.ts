import { ConfigError } from '../../errors.ts';
import { type LanguageModel, type LanguageModelConfig, modelConfig } from '../../models/language-model.ts';
import { checkConfig, newModel } from '../../models/new-model.ts';
import { loadScoringModel, modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { byteTokenizer } from '../../models/tokenizers/bytes.ts';
import { checkVocabulary } from '../../models/tokenizers/tokenizer.ts';
import { START } from '../../models/tokenizers/train-bpe.ts';
import { BYTE_VOCABULARY } from '../tokenize.ts';
import type { Vocabulary } from './samples.ts';
import type { ComparisonSettings } from './settings.ts';

/** The model that all arms train. */
export interface ComparedModel {
  readonly config: LanguageModelConfig;
  /** Tokens of a sequence. */
  readonly context: number;
  readonly vocabulary: Vocabulary;
  /** Bytes that a token stands for at most, on average over a text: how much text is kept for so many tokens. */
  readonly bytesPerToken: number;
  /** Its weights before the first step: random ones of the seed, or those of the folder. */
  initial(seed: number): LanguageModel;
}

/** Longest sequence for a model that was loaded: attention costs its square. */
const MOST_CONTEXT = 256;
const BYTES_A_TOKEN = 8;

/** Errors: ConfigError for a shape that cannot be, and for a folder that holds no model. */
export async function openModel({ from, model: shape }: ComparisonSettings): Promise<ComparedModel> {
  if (from === null) {
    const config = modelConfig({ ...shape, vocabulary: BYTE_VOCABULARY, bosToken: START });
    checkConfig(config, 'the compared model');
    const vocabulary = { tokenizer: byteTokenizer, start: START };
    return {
      config,
      context: config.context,
      vocabulary,
      bytesPerToken: 1,
      initial: (seed) => newModel(config, seed),
    };
  }
  const info = modelFolderInfo(from);
  const { model, tokenizer } = await loadScoringModel(info);
  checkVocabulary(tokenizer, model.config.vocabulary, from);
  if (tokenizer.unknown !== null)
    throw new ConfigError({
      expected: 'a tokenizer that has a token for every byte, so that bits per byte are those of the whole text',
      got: `${tokenizer.name}, which has an unknown token`,
      where: from,
    });
  return {
    config: model.config,
    context: Math.min(model.config.context, MOST_CONTEXT),
    vocabulary: { tokenizer, start: info.start },
    bytesPerToken: tokenizer === byteTokenizer ? 1 : BYTES_A_TOKEN,
    initial: () => model,
  };
}
