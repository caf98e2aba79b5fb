/** End a document in the data that base models were trained on; the `eos_token` of a chat model ends a turn. */
const OF_DOCUMENTS = ['<|endoftext|>', '<|end_of_text|>'];
/** Where tokenizer_config.json names none. */
const OTHERWISE = ['</s>', '<eos>'];

/**
 * Id of the token that ends a document; null: none is known.
 * @param vocabulary ids of all tokens, added ones too
 * @param settings of tokenizer_config.json
 */
export function endOfText(vocabulary: ReadonlyMap<string, number>, settings: object): number | null {
  const { eos_token: eos } = settings as { readonly eos_token?: string | { readonly content?: string } | null };
  const named = typeof eos === 'string' ? eos : eos?.content;
  const names = [...OF_DOCUMENTS, ...(named === undefined ? [] : [named]), ...OTHERWISE];
  for (const name of names) {
    const id = vocabulary.get(name);
    if (id !== undefined) return id;
  }
  return null;
}
