/** PUBLIC: rule sets for `drop()`. */
export { type FinewebThresholds, finewebRules } from './fineweb.ts';
export { type GopherQualityThresholds, gopherQualityRules } from './gopher-quality.ts';
export { type GopherRepetitionThresholds, gopherRepetitionRules } from './gopher-repetition.ts';
