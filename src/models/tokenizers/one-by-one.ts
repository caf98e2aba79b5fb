import { InvariantError } from '../../errors.ts';
import type { Tokenizer, TokenLists } from './tokenizer.ts';

/** More ids than offsets of 32 bits can count. */
const MOST_IDS = 0x7fffffff;

/** `encodeBatch` for a tokenizer that only knows single documents. */
export function oneByOne(encode: Tokenizer['encode']): Tokenizer['encodeBatch'] {
  return (utf8, offsets, wanted = null): TokenLists => {
    const rows = offsets.length - 1;
    const ends = new Int32Array(rows + 1);
    const lists: Int32Array[] = [];
    let total = 0;
    for (let i = 0; i < rows; i++) {
      if (wanted === null || wanted[i] !== 0) {
        const list = encode(utf8.subarray(offsets[i], offsets[i + 1]));
        total += list.length;
        if (total > MOST_IDS)
          throw new InvariantError({ expected: `at most ${MOST_IDS} tokens in a batch`, got: `${total}` });
        lists.push(list);
      }
      ends[i + 1] = total;
    }
    const ids = new Uint32Array(total);
    let at = 0;
    for (const list of lists) {
      ids.set(list, at);
      at += list.length;
    }
    return { ids, offsets: ends };
  };
}
