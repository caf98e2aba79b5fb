import { float64Column, int32Column } from '../../streams/batch/columns.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { foldCase, isLetter, isNumber } from '../../unicode.ts';
import { judge } from '../drop-stage.ts';
import { withVerdict } from '../verdicts.ts';
import { automatonOf } from './automaton.ts';
import { readLines } from './read-list.ts';

interface Options {
  readonly lists: readonly string[];
  readonly wholeWords: boolean;
}

const folded = (text: string): string =>
  Array.from(text, (c) => String.fromCodePoint(foldCase(c.codePointAt(0)!))).join('');

/** Whether the character at a byte is one of a word: a letter, a number or `_`. */
function isWordAt(text: Uint8Array, at: number): boolean {
  const b = text[at];
  if (b < 128) return (b >= 48 && b <= 57) || b === 95 || ((b | 32) >= 97 && (b | 32) <= 122);
  let start = at;
  while (start > 0 && (text[start] & 0xc0) === 0x80) start--;
  const cp =
    Buffer.from(text.subarray(start, start + 4))
      .toString('utf8')
      .codePointAt(0) ?? 0;
  return isLetter(cp) || isNumber(cp);
}

/** How often words of the lists stand in a text; bytes of UTF-8. */
export function badWordCounter({ lists, wholeWords }: Options): (text: Uint8Array) => number {
  const words = [...new Set(readLines(lists).map(folded))];
  const { each } = automatonOf(words.map((word) => Buffer.from(word)));
  return (text) => {
    // Beyond ASCII, case is folded in a copy.
    const isWide = text.some((b) => b >= 128);
    const plain = isWide ? Buffer.from(folded(Buffer.from(text).toString('utf8'))) : text;
    let count = 0;
    let free = 0;
    each(plain, (start, end) => {
      if (start < free) return false;
      if (wholeWords && start > 0 && isWordAt(plain, start - 1)) return false;
      if (wholeWords && end < plain.length && isWordAt(plain, end)) return false;
      count++;
      free = end;
      return false;
    });
    return count;
  };
}

/** The stage behind `badWords()`. */
export function stage(descriptor: StepDescriptor): Stage {
  const count = badWordCounter(descriptor.options as unknown as Options);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const { values, offsets } = batch.utf8('text');
      const counts = new Float64Array(batch.rows).fill(Number.NaN);
      const shares = new Float64Array(batch.rows).fill(Number.NaN);
      for (let row = 0; row < batch.rows; row++) {
        if (scope[row] === 0) continue;
        const text = values.subarray(offsets[row], offsets[row + 1]);
        counts[row] = count(text);
        if (text.length > 0) shares[row] = (1000 * counts[row]) / text.length;
      }
      const counted = batch.withColumns([
        ['bad_words', int32Column(counts)],
        ['bad_words_per_kb', float64Column(shares)],
      ]);
      return withVerdict(counted, judge(counted, descriptor.step, descriptor.rules, scope));
    },
  };
}
