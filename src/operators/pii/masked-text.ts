import type { Find } from './profiles.ts';
import { type TokenOf, tokenBetween } from './tokens.ts';

/** A text with tokens in the place of what is found in it. */
export function maskedText(text: Uint8Array, find: Find, tokenOf: TokenOf): Uint8Array {
  const spans = find(text, 0, text.length);
  if (spans.length === 0) return text;
  const out: Uint8Array[] = [];
  let at = 0;
  for (const { kind, start, end } of spans) {
    const token = tokenOf(kind, Buffer.from(text.subarray(start, end)).toString('utf8'));
    out.push(text.subarray(at, start), Buffer.from(tokenBetween(token, text[start - 1], text[end])));
    at = end;
  }
  return Buffer.concat([...out, text.subarray(at)]);
}
