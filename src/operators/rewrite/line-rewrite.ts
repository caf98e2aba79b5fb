/**
 * A part of a text that a rewrite takes away. Offsets count what the text is given in: UTF-16 units of a string or
 * bytes.
 */
export interface TextCut {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  /** What this step puts in its place. */
  readonly insert?: string;
  /** Bytes that an earlier step has put in its place. */
  readonly added?: number;
}

/**
 * Cut rule of a line end that is not `\n` and was replaced by one (only the profile `datatrove` knows such line ends).
 * Its name says that it puts one byte in the place of what it takes.
 */
export const LINE_END = 'c4_line_end';

/** Bytes that stand in the place of a cut. */
export const addedBy = ({ rule, insert, added }: TextCut): number =>
  insert === undefined ? (added ?? (rule === LINE_END ? 1 : 0)) : Buffer.byteLength(insert);

/** What a line rewrite made of one document. */
export interface RowRewrite {
  /** Rule by which the whole document is dropped, or null. */
  readonly reason: string | null;
  /** Value of that rule. */
  readonly value: number | null;
  /** Ascending, without overlap; none for a dropped document. */
  readonly cuts: readonly TextCut[];
  readonly lines: number;
  readonly keptLines: number;
  /** Null = not counted. */
  readonly sentences: number | null;
}

/** The same with the new text, or the old one for a dropped document; cuts in UTF-16 units. */
export interface LineRewrite extends RowRewrite {
  readonly text: string;
}

/** The text without the cuts, with a `\n` for every cut of LINE_END. */
export function withoutCuts(text: string, cuts: readonly TextCut[]): string {
  let out = '';
  let at = 0;
  for (const { start, end, rule } of cuts) {
    out += text.slice(at, start);
    if (rule === LINE_END) out += '\n';
    at = end;
  }
  return out + text.slice(at);
}
