/** PUBLIC: n-gram language models. */
export { readArpa, writeArpa } from './arpa.ts';
export { loadNgram, type NgramFileInfo, ngramFileInfo, writeNgram } from './file.ts';
export type { NgramModel, NgramOrigin } from './model.ts';
export { ngramScorer } from './scorer.ts';
export type { Split } from './split.ts';
export { type NgramTrainer, ngramTrainer, type TrainingTexts, type TrainNgramOptions, trainNgram } from './train.ts';
