const copyMeanings: Readonly<Record<string, string>> = {
  near_duplicate: 'near duplicate of a kept document',
  exact_normalized_duplicate: 'same letters and digits as a kept document',
  url_duplicate: 'same URL as an earlier document',
  bloom_duplicate: 'seen before, according to the Bloom filter',
};

/** What a rule of a dedup step means, in words for the summary. */
export function copyMeaning(rule: string): string {
  if (rule.endsWith('_nothing_left')) return 'nothing left after cutting';
  if (/_min_(words|sentences)_left$/.test(rule)) return 'too little left after cutting';
  return copyMeanings[rule] ?? 'same text as an earlier document';
}
