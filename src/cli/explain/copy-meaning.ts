const copyMeanings: Readonly<Record<string, string>> = {
  near_duplicate: 'near copy of a document that stays',
  exact_normalized_duplicate: 'same letters and numbers as a document that stays',
  url_duplicate: 'same address as an earlier document',
  bloom_duplicate: 'seen before, or taken for that by the filter',
};

/** What a rule of a dedup step means, in words for the summary. */
export function copyMeaning(rule: string): string {
  if (rule.endsWith('_nothing_left')) return 'nothing was left after the cuts';
  if (/_min_(words|sentences)_left$/.test(rule)) return 'too little was left after the cuts';
  return copyMeanings[rule] ?? 'same text as an earlier document';
}
