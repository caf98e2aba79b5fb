import type { OriginalText } from '../../ledger/original-text.ts';
import { safeText } from '../../safe-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A document's text line by line, with nothing in it that acts on a terminal; or its beginning, and why no more. */
export function textLines({ style }: Terminal, text: OriginalText, excerpt: string): string[] {
  const shown = 'text' in text ? text.text : excerpt;
  const lines = shown.split(/\r\n|\n|\r/).map((line) => `  ${safeText(line.replaceAll('\t', '    '))}`.trimEnd());
  const why = 'text' in text ? [] : [style.yellow(`  only the first 240 bytes, from the ledger: ${text.missing}`)];
  return [...why, ...lines];
}
