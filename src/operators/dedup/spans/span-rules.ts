import type { Rule } from '../../../streams/batch/outcome.ts';

/** Rules of a step that cuts spans, in the order of NOTHING_LEFT, MIN_WORDS and MIN_SENTENCES. */
export function spanRules(family: string, minWordsLeft: number, minSentencesLeft?: number): Rule[] {
  const rule = (name: string, column: string, threshold: number, option: string): Rule => ({
    name: `${family}_${name}`,
    version: 1,
    column,
    comparison: name === 'nothing_left' ? '>=' : '<',
    threshold,
    onNull: 'pass',
    option,
  });
  return [
    rule('nothing_left', 'cut_share', 1, 'nothingLeft'),
    rule('min_words_left', 'words_left', minWordsLeft, 'minWordsLeft'),
    ...(minSentencesLeft === undefined
      ? []
      : [rule('min_sentences_left', 'sentences_left', minSentencesLeft, 'minSentencesLeft')]),
  ];
}
