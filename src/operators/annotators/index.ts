/** PUBLIC: annotators, as plain data for `annotate()`. */
export { codeStatistics } from './code-statistics.ts';
export { type FasttextOptions, fasttext } from './fasttext.ts';
export { type FinewebOptions, fineweb } from './fineweb.ts';
export { type GopherQualityOptions, gopherQuality } from './gopher-quality.ts';
export { type GopherRepetitionOptions, gopherRepetition } from './gopher-repetition.ts';
export { type LanguageOptions, language } from './language.ts';
export { type NgramPerplexityOptions, ngramPerplexity } from './ngram-perplexity.ts';
export type { Profile, SplitName } from './profile.ts';
export { type StopWordsOptions, stopWords } from './stop-words.ts';
export { type TextPartsOptions, textParts } from './text-parts.ts';
export { textStatistics } from './text-statistics.ts';
