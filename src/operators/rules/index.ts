/** PUBLIC: rule sets for `drop()`. */
export { type CodeThresholds, codeRules } from './code.ts';
export { type FinewebThresholds, finewebRules } from './fineweb.ts';
export { FINEWEB_2_LANGUAGES, fineweb2Rules } from './fineweb-2.ts';
export { type GopherQualityThresholds, gopherQualityRules } from './gopher-quality.ts';
export { type GopherRepetitionThresholds, gopherRepetitionRules } from './gopher-repetition.ts';
export { type LanguageThresholds, languageRules } from './language.ts';
export { type PartsThresholds, partsRules } from './parts.ts';
export { type TableThresholds, tableRules } from './table.ts';
export { type TextThresholds, textRules } from './text.ts';
