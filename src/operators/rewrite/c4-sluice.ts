import { C4_FLAG, C4_LINE, type C4Lines } from '../../kernels/c4.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { RowRewrite, TextCut } from './line-rewrite.ts';

export interface SluiceC4Options {
  readonly terminalPunct: boolean;
  /** 0 = no minimum. */
  readonly minWordsPerLine: number;
  /** 0 = no limit. */
  readonly maxWordLength: number;
  /** 0 = no minimum. */
  readonly minSentences: number;
  readonly citations: boolean;
  readonly loremIpsum: boolean;
  readonly javascript: boolean;
  readonly curlyBracket: boolean;
  readonly policy: boolean;
}

const RULE_OF_CODE: readonly string[] = Object.assign([], {
  [C4_LINE.long_word]: 'c4_long_word',
  [C4_LINE.no_terminal_punct]: 'c4_no_terminal_punct',
  [C4_LINE.too_few_words]: 'c4_few_words',
  [C4_LINE.javascript]: 'c4_javascript',
  [C4_LINE.policy]: 'c4_policy',
});

/**
 * The C4 rules by the kernel (definitions at `C4_LINE`): lines are trimmed, and kept ones joined by the line feeds that
 * were between them.
 */
export function sluiceC4(
  kernel: Kernel,
  o: SluiceC4Options,
): (batch: DocumentBatch, scope: Uint8Array) => (RowRewrite | null)[] {
  const rules = { ...o, minWords: o.minWordsPerLine };
  return (batch, scope) => {
    const { values, offsets } = batch.utf8('text');
    const all = kernel.c4Lines(values, offsets, batch.rows, rules, scope);
    return Array.from(scope, (alive, row) => {
      if (alive === 0) return null;
      return rewriteRow(values.subarray(offsets[row], offsets[row + 1]), all, row, o);
    });
  };
}

function rewriteRow(text: Uint8Array, all: C4Lines, row: number, o: SluiceC4Options): RowRewrite {
  const [first, last] = [all.lineOffsets[row], all.lineOffsets[row + 1]];
  const sentences = all.sentences[row];
  let keptLines = 0;
  for (let k = first; k < last; k++) if (all.code[k] === C4_LINE.keep) keptLines++;
  const counts = { lines: last - first, keptLines, sentences };
  const dropped = (reason: string, value: number): RowRewrite => ({ reason, value, cuts: [], ...counts });
  if (o.loremIpsum && (all.flags[row] & C4_FLAG.lorem_ipsum) !== 0) return dropped('c4_lorem_ipsum', 1);
  if (o.curlyBracket && (all.flags[row] & C4_FLAG.curly_bracket) !== 0) return dropped('c4_curly_bracket', 1);
  if (sentences < o.minSentences) return dropped('c4_min_sentences', sentences);
  return { reason: null, value: null, cuts: keptLines === 0 ? [] : cutsOf(text, all, row, keptLines), ...counts };
}

function cutsOf(text: Uint8Array, all: C4Lines, row: number, keptLines: number): TextCut[] {
  const cuts: TextCut[] = [];
  const cut = (start: number, end: number, rule: string): void => {
    if (end > start) cuts.push({ start, end, rule });
  };
  const last = all.lineOffsets[row + 1];
  let citation = all.citationOffsets[row];
  let keptToCome = keptLines;
  cut(0, all.start[all.lineOffsets[row]], 'c4_white_space');
  for (let k = all.lineOffsets[row]; k < last; k++) {
    const next = k + 1 < last ? all.start[k + 1] : text.length;
    if (all.code[k] !== C4_LINE.keep) {
      cut(all.start[k], next, RULE_OF_CODE[all.code[k]]);
      continue;
    }
    keptToCome--;
    for (; citation < all.citationOffsets[row + 1] && all.citationStart[citation] < all.end[k]; citation++) {
      cut(all.citationStart[citation], all.citationEnd[citation], 'c4_citation');
    }
    // The line feed behind it stays as long as a kept line follows.
    const feed = keptToCome > 0 ? text.indexOf(10, all.end[k]) : next;
    cut(all.end[k], feed, 'c4_white_space');
    cut(feed + 1, next, 'c4_white_space');
  }
  return cuts;
}
