/** A tokenizer.json of three letters and their merges; all else is unknown. */
export const THREE_LETTERS = {
  version: '1.0',
  added_tokens: [] as readonly object[],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'BPE',
    vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4, '<unk>': 5 },
    merges: ['a b', 'ab c'],
    unk_token: '<unk>',
  },
};
