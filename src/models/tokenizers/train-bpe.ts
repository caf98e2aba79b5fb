import { InvariantError } from '../../errors.ts';
import { characterOfByte } from './byte-alphabet.ts';
import { MaxHeap } from './max-heap.ts';

/**
 * Pieces that no token crosses, as a regular expression that JavaScript and the Rust library of Hugging Face read
 * alike: an English contraction, a word, up to three digits, or a run of signs, each with the space before it, and runs
 * of white space. Whatever is not ASCII is a letter, so that no table of Unicode decides an id.
 */
export const PIECES =
  "'(?:[sdmt]|ll|ve|re)| ?[^\\x00-@\\[-`{-\\x7F]+| ?[0-9]{1,3}| ?[!-/:-@\\[-`{-~]+|[\\x00- \\x7F]+(?= " +
  '[^\\x00- \\x7F])|[\\x00- \\x7F]+';

/** Ids 0 to 255 are bytes; this one begins a document, and no text makes it. Merges follow. */
export const START = 256;
export const START_NAME = '<start>';

/** Longer pieces are counted in parts; runs of ASCII so long are no words and teach nothing. */
const LONGEST_PIECE = 64;
/** Different characters that a part of text has at least. */
const DISTINCT = 8;

/** Distinct pieces counted at once; beyond it the rare ones are forgotten. */
const MOST_PIECES = 1 << 20;

/** Counts the pieces of many texts, in bounded memory. */
export class PieceCounts {
  #counts = new Map<string, number>();
  /** Pieces seen at most so often have been forgotten. */
  #forgotten = 0;

  add(text: string): void {
    for (const [piece] of text.matchAll(new RegExp(PIECES, 'gu')))
      for (const part of piece.length > LONGEST_PIECE ? partsOf(piece) : [piece])
        this.#counts.set(part, (this.#counts.get(part) ?? 0) + 1);
    while (this.#counts.size > MOST_PIECES) this.#forget();
  }

  #forget(): void {
    this.#forgotten++;
    for (const [piece, count] of this.#counts) if (count <= this.#forgotten) this.#counts.delete(piece);
  }

  /** Pieces and how often they came, in an order of their own. */
  sorted(): [piece: string, count: number][] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** Text of a script without spaces between words. */
function partsOf(piece: string): string[] {
  const characters = [...piece];
  if (characters.some((c, i) => c < '\u0080' && !(i === 0 && c === ' '))) return [];
  const parts: string[] = [];
  for (let at = 0; at < characters.length; at += LONGEST_PIECE)
    parts.push(characters.slice(at, at + LONGEST_PIECE).join(''));
  // A line drawn of dashes is no text.
  return parts.filter((part) => new Set(part).size >= DISTINCT);
}

/** Two ids that become one; merge i makes id `START + 1 + i`. */
export type Merge = readonly [left: number, right: number];

/** Ids of a piece with all places where a pair stands. */
interface Piece {
  ids: number[];
  readonly count: number;
}

/**
 * Byte-pair encoding (Sennrich et al. 2016) over bytes: again and again the pair of neighbours that comes most often
 * becomes one id; of equal ones that with the smaller ids. Fewer merges than `vocabulary` allows where no pair comes
 * twice.
 * @param vocabulary ids in all: 256 bytes, the start, the merges
 */
export function trainBpe(counts: PieceCounts, vocabulary: number): Merge[] {
  if (!(Number.isInteger(vocabulary) && vocabulary > START && vocabulary <= 65_536))
    throw new InvariantError({ expected: 'a vocabulary of 257 to 65,536 ids', got: `${vocabulary}` });
  const pieces = counts.sorted().map(([piece, count]): Piece => ({ ids: [...Buffer.from(piece)], count }));
  const pairs = new Map<number, { count: number; pieces: Set<number> }>();
  const heap = new MaxHeap();
  const change = (piece: number, sign: 1 | -1, touched: Set<number>): void => {
    const { ids, count } = pieces[piece];
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = keyOf(ids[i], ids[i + 1]);
      let pair = pairs.get(key);
      if (pair === undefined) {
        pair = { count: 0, pieces: new Set() };
        pairs.set(key, pair);
      }
      pair.count += sign * count;
      if (sign === 1) pair.pieces.add(piece);
      touched.add(key);
    }
  };
  const push = (touched: ReadonlySet<number>): void => {
    for (const key of touched) {
      const pair = pairs.get(key)!;
      if (pair.count > 0) heap.push(pair.count, key);
      else pairs.delete(key);
    }
  };
  const all = new Set<number>();
  for (let i = 0; i < pieces.length; i++) change(i, 1, all);
  push(all);
  const merges: Merge[] = [];
  while (START + 1 + merges.length < vocabulary) {
    const top = heap.pop();
    if (top === null || top.value < 2) break;
    const pair = pairs.get(top.key);
    // An entry of the heap is out of date once the count of its pair has changed; the newer one is in it as well.
    if (pair === undefined || pair.count !== top.value) continue;
    const [left, right] = [Math.floor(top.key / 65_536), top.key % 65_536];
    const id = START + 1 + merges.length;
    merges.push([left, right]);
    const touched = new Set<number>();
    for (const piece of pair.pieces) {
      change(piece, -1, touched);
      pieces[piece].ids = merged(pieces[piece].ids, left, right, id);
      change(piece, 1, touched);
    }
    push(touched);
  }
  return merges;
}

const keyOf = (left: number, right: number): number => left * 65_536 + right;

function merged(ids: readonly number[], left: number, right: number, id: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      out.push(id);
      i++;
    } else out.push(ids[i]);
  }
  return out;
}

/** A tokenizer.json of Hugging Face for merges over bytes; nothing in a text makes the id of the start. */
export function bpeTokenizerJson(merges: readonly Merge[]): object {
  const names = [...Array.from({ length: 256 }, (_, byte) => characterOfByte(byte)), START_NAME];
  for (const [left, right] of merges) names.push(names[left] + names[right]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PIECES }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    // What other tools read is what the model was trained on; Sluice's scorer puts the start there itself.
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: START_NAME, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: START_NAME, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: START_NAME, type_id: 1 } },
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: { [START_NAME]: { id: START_NAME, ids: [START], tokens: [START_NAME] } },
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: merges.map(([left, right]) => [names[left], names[right]]),
    },
  };
}
