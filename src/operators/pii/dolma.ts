import { isSpace } from '../annotators/profiles/python-text.ts';
import { datatroveIps, type StringSpan } from './datatrove.ts';

/** Documents with more question marks are not looked at. */
const MOST_QUESTIONS = 10_000;
const MARKS = new Set('.@,?!;:)(');
const NOT_DOMAIN = new Set('@,?!;:)(');

const space = (text: string, at: number): boolean => at >= 0 && at < text.length && isSpace(text.charCodeAt(at));
const mark = (text: string, at: number): boolean => MARKS.has(text[at]) || space(text, at);
const digit = (text: string, at: number): boolean => text[at] >= '0' && text[at] <= '9';

/**
 * Spans of dolma's tagger `pii_regex_with_counts_fast_v2` (1.2), line by line: e-mail and telephone numbers with the
 * white space that its expressions take with them, and IPv4 addresses. Its guard against addresses of pages never
 * holds, since its expression begins with a backspace; so there is none. Spans that overlap are cut at the first.
 */
export function dolmaPii(text: string): StringSpan[] {
  let questions = 0;
  for (let at = text.indexOf('?'); at >= 0; at = text.indexOf('?', at + 1)) questions++;
  if (questions > MOST_QUESTIONS) return [];
  const spans: StringSpan[] = [];
  for (let from = 0; from < text.length; ) {
    const feed = text.indexOf('\n', from);
    const to = feed < 0 ? text.length : feed + 1;
    const line = text.slice(from, to);
    const found = [...emails(line), ...phones(line), ...datatroveIps(line)];
    found.sort((a, b) => a.start - b.start || b.end - a.end);
    let free = 0;
    for (const { kind, start, end } of found) {
      if (end <= free) continue;
      spans.push({ kind, start: from + Math.max(start, free), end: from + end });
      free = end;
    }
    from = to;
  }
  return spans;
}

/** `[.\s@,?!;:)(]*([^\s@]+@[^\s@,?!;:)(]+?)[.\s@,?!;:)(]?[\s\n\r]`, and a dot in the domain. */
function emails(line: string): StringSpan[] {
  const spans: StringSpan[] = [];
  let free = 0;
  for (let at = line.indexOf('@'); at >= 0; at = line.indexOf('@', at + 1)) {
    let local = at;
    while (local > free && line[local - 1] !== '@' && !space(line, local - 1)) local--;
    if (local === at) continue;
    const domain = domainOf(line, at + 1);
    if (!domain) continue;
    let start = local;
    while (start > free && mark(line, start - 1)) start--;
    free = domain.end;
    const bracketOnly = Array.from(line.slice(local, at)).every((c) => MARKS.has(c)) && line[at - 1] === '(';
    if (!bracketOnly && line.slice(at + 1, domain.last).includes('.')) spans.push({ kind: 'email', start, end: free });
  }
  return spans;
}

function domainOf(line: string, from: number): { readonly last: number; readonly end: number } | null {
  for (let q = from; q < line.length && !space(line, q) && !NOT_DOMAIN.has(line[q]); q++) {
    const last = q + 1;
    if (mark(line, last) && space(line, last + 1)) return { last, end: last + 2 };
    if (space(line, last)) return { last, end: last + 1 };
  }
  return null;
}

/** `\s+\(?(\d{3})\)?[-\. ]*(\d{3})[-. ]?(\d{4})`, of ASCII digits. */
function phones(line: string): StringSpan[] {
  const spans: StringSpan[] = [];
  const digits = (at: number, count: number): boolean => {
    for (let k = 0; k < count; k++) if (!digit(line, at + k)) return false;
    return true;
  };
  for (let start = 0; start < line.length; start++) {
    if (!space(line, start)) continue;
    let p = start;
    while (space(line, p)) p++;
    const behind = p;
    if (line[p] === '(') p++;
    if (digits(p, 3)) {
      p += 3;
      if (line[p] === ')') p++;
      while (line[p] === '-' || line[p] === '.' || line[p] === ' ') p++;
      if (digits(p, 3)) {
        p += 3;
        if (line[p] === '-' || line[p] === '.' || line[p] === ' ') p++;
        if (digits(p, 4)) {
          spans.push({ kind: 'phone', start, end: p + 4 });
          start = p + 3;
          continue;
        }
      }
    }
    start = behind - 1;
  }
  return spans;
}
