import { oneByOne } from './one-by-one.ts';
import type { Tokenizer } from './tokenizer.ts';

const encode = (utf8: Uint8Array): Int32Array => new Int32Array(utf8);

/** The default tokenizer: an id is a byte of UTF-8. No text is out of its vocabulary. */
export const byteTokenizer: Tokenizer = {
  name: 'bytes',
  vocabularySize: 256,
  hash: 'bytes@1',
  unknown: null,
  endOfText: null,
  byteLengths: new Uint16Array(256).fill(1),
  encode,
  encodeBatch: oneByOne(encode),
  /** Bytes that are no UTF-8, as a model may make them, come out as U+FFFD. */
  decode: (ids) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids)),
};
