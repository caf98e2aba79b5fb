import { ENTITY_LETTERS, ENTITY_OF_HASH, FURNITURE_HASHES, WINDOWS_1252 } from '../../html-tables.ts';
import { type Blocks, MOST_ELEMENTS } from './page.ts';

const [SPACE, NEWLINE] = [0x20, 0x0a];
const FNV = 0x811c9dc5;
const PRIME = 0x01000193;

const isWhite = (c: number): boolean => c === SPACE || (c >= 9 && c <= 13);
const isLetter = (c: number): boolean => (c | 32) >= 0x61 && (c | 32) <= 0x7a;
const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;

/** A character reference: its code point, and the byte after it; null where the bytes at `at` are none. */
export function reference(html: Uint8Array, at: number, stop: number): { point: number; next: number } | null {
  let i = at + 1;
  if (i < stop && html[i] === 0x23) {
    const hex = i + 1 < stop && (html[i + 1] | 32) === 0x78;
    i += hex ? 2 : 1;
    const first = i;
    let value = 0;
    for (; i < stop; i++) {
      const c = html[i];
      const digit = isDigit(c) ? c - 0x30 : hex && (c | 32) >= 0x61 && (c | 32) <= 0x66 ? (c | 32) - 0x57 : -1;
      if (digit < 0) break;
      value = Math.min(value * (hex ? 16 : 10) + digit, 0x110000);
    }
    if (i === first) return null;
    if (i < stop && html[i] === 0x3b) i++;
    if (value >= 0x80 && value < 0xa0) value = WINDOWS_1252[value - 0x80];
    const bad = value === 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000);
    return { point: bad ? 0xfffd : value, next: i };
  }
  let hash = FNV;
  let found: { point: number; next: number } | null = null;
  for (let n = 0; n < ENTITY_LETTERS && i < stop && (isLetter(html[i]) || isDigit(html[i])); n++, i++) {
    hash = Math.imul(hash ^ html[i], PRIME);
    const entity = ENTITY_OF_HASH.get(hash >>> 0);
    if (entity === undefined) continue;
    const closed = i + 1 < stop && html[i + 1] === 0x3b;
    if (closed) return { point: entity.point, next: i + 2 };
    if (entity.legacy) found = { point: entity.point, next: i + 1 };
  }
  return found;
}

/** Writes text block by block and counts what is in it. */
export class TextWriter {
  readonly out: Uint8Array;
  size = 0;
  /** Bits of HINTS of the inline elements of the block at hand. */
  hints = 0;
  inLink = false;
  verbatim = false;
  #blocks: Blocks;
  #start = 0;
  /** White space that is written before the next character: 0, SPACE or NEWLINE. */
  #pending = 0;
  #chars = 0;
  #linkChars = 0;
  #words = 0;
  #capitals = 0;
  #digits = 0;
  #commas = 0;
  #stops = 0;
  #breaks = 0;
  #marks = 0;
  #furniture = 0;
  #hash = FNV;
  /** Of the word at hand; letters of it are counted so that long ones are none of FURNITURE. */
  #word = 0;
  #wordHash = FNV;

  constructor(blocks: Blocks, room: number) {
    this.#blocks = blocks;
    this.out = new Uint8Array(room);
  }

  /** Appends source bytes from `from` to `to`. */
  append(html: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; ) {
      const c = html[i];
      if (c === 0x26) {
        const entity = reference(html, i, to);
        if (entity !== null) {
          this.point(entity.point);
          i = entity.next;
          continue;
        }
      }
      if (c < 0x80) {
        this.#ascii(c);
        i++;
      } else if (c < 0xe0) {
        this.point(((c & 31) << 6) | (html[i + 1] & 63));
        i += 2;
      } else if (c < 0xf0) {
        this.point(((c & 15) << 12) | ((html[i + 1] & 63) << 6) | (html[i + 2] & 63));
        i += 3;
      } else {
        this.point(((c & 7) << 18) | ((html[i + 1] & 63) << 12) | ((html[i + 2] & 63) << 6) | (html[i + 3] & 63));
        i += 4;
      }
    }
  }

  /** Appends a code point. */
  point(p: number): void {
    if (p < 0x80) this.#ascii(p);
    else if (p === 0xa0 || p === 0x3000 || (p >= 0x2000 && p <= 0x200a) || p === 0x2028 || p === 0x2029)
      this.#white(SPACE);
    else if (p === 0xad || p === 0x200b || p === 0xfeff || (p < 0xa0 && p !== 0x85)) return;
    else {
      this.#room();
      if (p === 0x3001 || p === 0xff0c) this.#commas++;
      if (p === 0x3002 || p === 0xff01 || p === 0xff1f || p === 0x2026) this.#stops++;
      if (p === 0xbb || p === 0x203a || p === 0xb7 || p === 0x2022 || p === 0xa9) this.#marks++;
      this.#letter(p & 0xff);
      this.#wordHash = 0;
      this.#write(p);
    }
  }

  #ascii(c: number): void {
    if (isWhite(c)) {
      this.#white(c === NEWLINE && this.verbatim ? NEWLINE : c === 9 && this.verbatim ? 9 : SPACE);
      return;
    }
    if (c < SPACE || c === 0x7f) return;
    this.#room();
    if (isLetter(c)) {
      if (this.#word === 0 && c < 0x61) this.#capitals++;
      this.#letter(c | 32);
    } else if (isDigit(c)) {
      this.#digits++;
      this.#letter(c);
    } else {
      this.#endWord();
      if (c === 0x2c) this.#commas++;
      else if (c === 0x2e || c === 0x21 || c === 0x3f) this.#stops++;
      else if (c === 0x7c || c === 0x3e || c === 0x2f) this.#marks++;
    }
    this.#count();
    this.out[this.size++] = c;
  }

  #letter(c: number): void {
    if (this.#word === 0) {
      this.#words++;
      this.#wordHash = FNV;
    }
    this.#word++;
    if (this.#wordHash !== 0) this.#wordHash = Math.imul(this.#wordHash ^ c, PRIME);
    this.#hash = Math.imul(this.#hash ^ c, PRIME);
  }

  #endWord(): void {
    if (this.#word > 2 && this.#wordHash !== 0 && FURNITURE_HASHES.has(this.#wordHash >>> 0)) this.#furniture++;
    this.#word = 0;
  }

  #count(): void {
    this.#chars++;
    if (this.inLink) this.#linkChars++;
  }

  #write(p: number): void {
    this.#count();
    const { out } = this;
    if (p < 0x800) out[this.size++] = 0xc0 | (p >> 6);
    else {
      if (p < 0x10000) out[this.size++] = 0xe0 | (p >> 12);
      else {
        out[this.size++] = 0xf0 | (p >> 18);
        out[this.size++] = 0x80 | ((p >> 12) & 63);
      }
      out[this.size++] = 0x80 | ((p >> 6) & 63);
    }
    out[this.size++] = 0x80 | (p & 63);
  }

  /** Space, tab or newline: as it is in verbatim text, else one before the next character. */
  #white(c: number): void {
    this.#endWord();
    if (this.verbatim) {
      // Blank lines before the first character are none of it.
      if (this.#chars > 0 || c !== NEWLINE) this.out[this.size++] = c;
      else this.size = this.#start;
    } else if (this.#pending !== NEWLINE) this.#pending = c === 9 ? SPACE : c;
  }

  /** A line break of the page: `br`. */
  lineBreak(): void {
    this.#endWord();
    if (this.verbatim) {
      if (this.#chars > 0) this.out[this.size++] = NEWLINE;
    } else this.#pending = NEWLINE;
    if (this.#chars > 0) this.#breaks++;
  }

  #room(): void {
    if (this.#pending !== 0 && this.#chars > 0) this.out[this.size++] = this.#pending;
    this.#pending = 0;
  }

  /** Ends the block at hand; it stands in `element`. Returns its code points. */
  flush(element: number): number {
    this.#endWord();
    const blocks = this.#blocks;
    const chars = this.#chars;
    while (this.size > this.#start && isWhite(this.out[this.size - 1])) this.size--;
    if (chars > 0 && blocks.element.length < MOST_ELEMENTS) {
      blocks.element.push(element);
      blocks.start.push(this.#start);
      blocks.end.push(this.size);
      blocks.chars.push(chars);
      blocks.linkChars.push(this.#linkChars);
      blocks.words.push(this.#words);
      blocks.capitals.push(this.#capitals);
      blocks.digits.push(this.#digits);
      blocks.commas.push(this.#commas);
      blocks.stops.push(this.#stops);
      blocks.breaks.push(this.#breaks);
      blocks.marks.push(this.#marks);
      blocks.furniture.push(this.#furniture);
      blocks.hints.push(this.hints);
      blocks.hash.push(this.#hash);
      blocks.verbatim.push(this.verbatim ? 1 : 0);
    } else if (chars > 0) this.size = this.#start;
    this.#start = this.size;
    this.#pending = this.#chars = this.#linkChars = this.#words = this.#capitals = this.#digits = this.#commas = 0;
    this.#stops = this.#breaks = this.#marks = this.#furniture = this.hints = 0;
    this.#hash = FNV;
    return chars;
  }
}
