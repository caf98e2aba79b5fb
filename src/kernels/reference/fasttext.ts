import type { FastTextSizes } from '../fasttext.ts';

/** The matrices of a model as a caller filled them, and its sizes. */
export interface FastTextTables extends FastTextSizes {
  readonly inputRow: (row: number) => ArrayLike<number>;
  readonly outputRow: (row: number) => ArrayLike<number>;
  /** Row of a bucket behind the words, or -1. */
  readonly keptRow: (bucket: number) => number;
}

const SEPARATORS = new Set([0, 9, 10, 11, 12, 13, 32]);
const END = Buffer.from('</s>');
const LABEL = Buffer.from('__label__');

/** FNV-1a of 32 bits over bytes with a sign, as the library has it. */
function hashOf(bytes: Uint8Array): number {
  let h = 2166136261;
  for (const b of bytes) h = Math.imul(h ^ ((b << 24) >> 24), 16777619) >>> 0;
  return h;
}

/**
 * The rows of the input matrix that a text is made of, in the order of fastText's `predict` on a line with the text in
 * it: each token's word row and the n-grams of `<word>`, then the n-grams of words. Tokens are separated by white space
 * of ASCII and NUL; the line ends with a token `</s>`, also where the text has one. Labels are passed over.
 */
export function fastTextRows(text: Uint8Array, model: FastTextTables): number[] {
  const { vocabulary, words, minn, maxn, bucket, wordNgrams, buckets } = model;
  const ids = new Map<string, number>();
  const { bytes, starts } = vocabulary;
  for (let i = 0; i < starts.length - 1; i++)
    ids.set(Buffer.from(bytes.subarray(starts[i], starts[i + 1])).toString('latin1'), i);
  const rows: number[] = [];
  const hashes: number[] = [];
  const push = (id: number): void => {
    const row = buckets === 'all' ? id : buckets === 'none' ? -1 : model.keptRow(id);
    if (row >= 0) rows.push(words + row);
  };
  for (const token of [...tokensOf(text), END]) {
    const id = ids.get(Buffer.from(token).toString('latin1')) ?? -1;
    const isEnd = END.equals(token);
    if (id < 0 ? LABEL.equals(token.subarray(0, 9)) : id >= words) continue;
    if (id >= 0) rows.push(id);
    if (!isEnd) for (const gram of gramsOf(token, minn, maxn)) push(hashOf(gram) % bucket);
    hashes.push(hashOf(token));
    if (isEnd) break;
  }
  for (let i = 0; i < hashes.length; i++) {
    let h = BigInt.asUintN(64, BigInt(hashes[i] | 0));
    for (let j = i + 1; j < hashes.length && j < i + wordNgrams; j++) {
      h = BigInt.asUintN(64, h * 116049371n + BigInt(hashes[j] | 0));
      push(Number(h % BigInt(bucket)));
    }
  }
  return rows;
}

function tokensOf(text: Uint8Array): Uint8Array[] {
  const tokens: Uint8Array[] = [];
  for (let p = 0; p < text.length; p++) {
    if (SEPARATORS.has(text[p])) continue;
    const from = p;
    while (p < text.length && !SEPARATORS.has(text[p])) p++;
    tokens.push(text.subarray(from, p));
  }
  return tokens;
}

function gramsOf(token: Uint8Array, minn: number, maxn: number): Uint8Array[] {
  const word = Buffer.concat([Buffer.from('<'), token, Buffer.from('>')]);
  const points = Array.from(word.keys()).filter((i) => (word[i] & 0xc0) !== 0x80);
  points.push(word.length);
  const grams: Uint8Array[] = [];
  for (let i = 0; i + 1 < points.length; i++)
    for (let n = 1; n <= maxn && i + n < points.length; n++)
      if (n >= minn && !(n === 1 && (i === 0 || i + n === points.length - 1)))
        grams.push(word.subarray(points[i], points[i + n]));
  return grams;
}

/** Products of the mean of a text's rows with the rows of the output matrix, in 32 bits; null: it has no rows. */
export function referenceFastText(text: Uint8Array, model: FastTextTables): Float32Array | null {
  const rows = fastTextRows(text, model);
  if (rows.length === 0) return null;
  const mean = new Float32Array(model.dim);
  for (const row of rows) {
    const values = model.inputRow(row);
    for (let j = 0; j < model.dim; j++) mean[j] += values[j];
  }
  const factor = Math.fround(1 / rows.length);
  for (let j = 0; j < model.dim; j++) mean[j] *= factor;
  return Float32Array.from({ length: model.outputs }, (_, i) => {
    const values = model.outputRow(i);
    let sum = 0;
    for (let j = 0; j < model.dim; j++) sum = Math.fround(sum + Math.fround(mean[j] * values[j]));
    return sum;
  });
}
