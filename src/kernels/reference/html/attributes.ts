import { CONTENT_HINT, HIDDEN_HINT, HINT_OF_HASH, STRONG_HINT } from '../../html-tables.ts';
import type { Span } from './page.ts';

const FNV = 0x811c9dc5;
const PRIME = 0x01000193;
const [GT, SLASH, EQUALS] = [0x3e, 0x2f, 0x3d];
const isWhite = (c: number): boolean => c === 0x20 || (c >= 9 && c <= 13);

/** What the attributes of a tag say. */
export interface Attributes {
  /** One past the tag, and whether it ends with a slash. */
  readonly next: number;
  readonly closed: boolean;
  /** Bits of HINTS in class, id, role and itemprop; the one of hidden elements too. */
  readonly hints: number;
  /** Hash of the class without digits. */
  readonly key: number;
  readonly lang: Span;
  /** Of meta and link: name, property, itemprop, http-equiv or rel; and content or href. */
  readonly name: Span;
  readonly value: Span;
  /** The type of a script that is linked data. */
  readonly linkedData: boolean;
}

/** One past a tag whose attributes begin at `at`. */
export function skipAttributes(html: Uint8Array, at: number): { readonly next: number } {
  for (let i = at; i < html.length; ) {
    const a = attributeAt(html, i);
    if (a.nameEnd === a.name) return { next: a.next };
    i = a.next;
  }
  return { next: html.length };
}

/** An attribute; where the tag ends its name is empty, and `next` is one past the tag. */
interface AttributeAt {
  readonly name: number;
  readonly nameEnd: number;
  readonly value: number;
  readonly valueEnd: number;
  readonly next: number;
}

/** The attribute at `at`, as the states of a tag find it (WHATWG, "before attribute name state" and on). */
function attributeAt(html: Uint8Array, at: number): AttributeAt {
  const { length } = html;
  let i = at;
  while (i < length && (isWhite(html[i]) || html[i] === SLASH)) i++;
  const none = { name: i, nameEnd: i, value: i, valueEnd: i };
  if (i >= length) return { ...none, next: length };
  if (html[i] === GT) return { ...none, next: i + 1 };
  const name = i;
  // An equals sign may begin a name.
  i++;
  while (i < length && html[i] !== EQUALS && html[i] !== GT && html[i] !== SLASH && !isWhite(html[i])) i++;
  const nameEnd = i;
  while (i < length && isWhite(html[i])) i++;
  if (html[i] !== EQUALS || i >= length) return { name, nameEnd, value: nameEnd, valueEnd: nameEnd, next: i };
  i++;
  while (i < length && isWhite(html[i])) i++;
  const quote = html[i];
  if (quote === 0x22 || quote === 0x27) {
    const end = html.indexOf(quote, i + 1);
    const valueEnd = end < 0 ? length : end;
    return { name, nameEnd, value: i + 1, valueEnd, next: end < 0 ? length : end + 1 };
  }
  const value = i;
  while (i < length && !isWhite(html[i]) && html[i] !== GT) i++;
  return { name, nameEnd, value, valueEnd: i, next: i };
}

/** Is the name in the source this one? Case does not matter. */
function named(html: Uint8Array, { name, nameEnd }: AttributeAt, word: string): boolean {
  if (nameEnd - name !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const c = html[name + i];
    if ((c >= 0x41 && c <= 0x5a ? c | 32 : c) !== word.charCodeAt(i)) return false;
  }
  return true;
}

const NONE: Span = { start: 0, end: 0 };

/** Reads the attributes of a tag, which begin at `at`. @param meta of a meta or link element */
export function readAttributes(html: Uint8Array, at: number, meta: boolean): Attributes {
  let [hints, key, lang, name, value, linkedData] = [0, FNV, NONE, NONE, NONE, false];
  let closed = false;
  for (let i = at; ; ) {
    const a = attributeAt(html, i);
    if (a.nameEnd === a.name) {
      closed = a.next - 2 >= at && html[a.next - 2] === SLASH;
      return { next: a.next, closed, hints, key, lang, name, value, linkedData };
    }
    i = a.next;
    const span = { start: a.value, end: a.valueEnd };
    if (named(html, a, 'class')) {
      hints |= hintsOf(html, span);
      key = keyOf(html, span);
    } else if (named(html, a, 'id')) hints |= hintsOf(html, span);
    else if (named(html, a, 'role')) hints |= hintsOf(html, span);
    else if (named(html, a, 'itemprop')) {
      hints |= hintsOf(html, span);
      if (meta) name = span;
    } else if (named(html, a, 'hidden')) hints |= 1 << HIDDEN_HINT;
    else if (named(html, a, 'aria-hidden')) {
      if ((html[a.value] | 32) === 0x74) hints |= 1 << HIDDEN_HINT;
    } else if (named(html, a, 'style')) {
      if (hides(html, span)) hints |= 1 << HIDDEN_HINT;
    } else if (named(html, a, 'lang')) lang = span;
    else if (named(html, a, 'type')) linkedData = span.end - span.start === 19 && html[span.start + 12] === 0x6c;
    else if (meta) {
      if (['name', 'property', 'http-equiv', 'rel'].some((n) => named(html, a, n))) name = span;
      else if (named(html, a, 'content') || named(html, a, 'href')) value = span;
    }
  }
}

/** Bits of the words of a value: letters, apart where case changes. */
function hintsOf(html: Uint8Array, { start, end }: Span): number {
  let [bits, hash, letters, upper] = [0, FNV, 0, false];
  const close = (): void => {
    if (letters > 1) {
      const bit = HINT_OF_HASH.get(hash >>> 0);
      if (bit !== undefined) {
        if (bit === CONTENT_HINT && (bits & (1 << CONTENT_HINT)) !== 0) bits |= 1 << STRONG_HINT;
        bits |= 1 << bit;
      }
    }
    hash = FNV;
    letters = 0;
  };
  for (let i = start; i < end; i++) {
    const c = html[i];
    const capital = c >= 0x41 && c <= 0x5a;
    if (!capital && !(c >= 0x61 && c <= 0x7a)) {
      close();
      upper = false;
      continue;
    }
    if (capital && !upper) close();
    upper = capital;
    hash = Math.imul(hash ^ (c | 32), PRIME);
    letters++;
  }
  close();
  return bits;
}

function keyOf(html: Uint8Array, { start, end }: Span): number {
  let hash = FNV;
  for (let i = start; i < end; i++) {
    const c = html[i];
    if (c < 0x30 || c > 0x39) hash = Math.imul(hash ^ c, PRIME);
  }
  return hash;
}

const NONE_WORD = [0x6e, 0x6f, 0x6e, 0x65];

/** `display: none` in a style. */
function hides(html: Uint8Array, { start, end }: Span): boolean {
  for (let i = start; i + 11 < end; i++) {
    if ((html[i] | 32) !== 0x64 || (html[i + 3] | 32) !== 0x70 || (html[i + 6] | 32) !== 0x79) continue;
    let at = i + 7;
    while (at < end && (isWhite(html[at]) || html[at] === 0x3a)) at++;
    if (at + 4 <= end && NONE_WORD.every((c, n) => (html[at + n] | 32) === c)) return true;
  }
  return false;
}
