import type { Random } from '../../src/random.ts';

/** What statistics, C4 rules, escapes and UTF-8 stumble over; short, so that a document of a few pieces is small. */
const PIECES: readonly string[] = [
  ...(
    'the of and a that with mill river water Gate wheel 7 1984 x ... … . ! ? , ; : - -- — " \' “ ” « # * ' +
    '• ‣ · [ ] { } ( ) | / \\ @ & % + = ~ ^ _ ` $ €'
  ).split(' '),
  ' ',
  ' ',
  ' ',
  '  ',
  '\n',
  '\n',
  '\n\n',
  '\n \n',
  '\t',
  '\r\n',
  '\u000b',
  '\f',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u200b',
  '\u3000',
  '\ufeff',
  '\ufffd',
  'javascript',
  'JavaScript',
  'lorem ipsum',
  'Terms of Use',
  'privacy policy',
  'use cookies',
  '[1]',
  '[12]',
  '[edit]',
  '[citation needed]',
  'mill.',
  'water!',
  'end of it."',
  '- item',
  '1. item',
  'é',
  'e\u0301',
  'Żółć',
  'ß',
  'İ',
  'ﬁ',
  'Ǆ',
  '水車',
  'かな',
  'ไทย',
  'हिन्दी',
  'שלום',
  'العربية',
  '한국어',
  '😀',
  '👩‍👩‍👧',
  '🇩🇪',
  '𝒳',
  '\u0e01\u0e33',
  '\u{e0001}',
  '\u{10ffff}',
  '٣',
  '²',
  'Ⅷ',
  'aaaaaaaaaaaaaaaaaaaaaaaa',
  'the mill the mill the mill',
  'a\na\na\n',
];

const HEX = '0123456789abcdef0123456789ABCDEF';
const KEYS = ['text', 'id', 'domain', 'metadata', 'k', 'url', '__proto__', 'constructor', 'te\\u0078t', 'toString', ''];
const VALUES = ['null', 'true', 'false', '0', '-1.50e+3', '12345678901234567890', '[]', '{}', '[1,{"a":null}]', '""'];
const LINE_FILL = ['', '', '', ' ', '\t', '\r', '[', '{', 'null', '{}', '{"text"}', 'x'];

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)];

/** A small text. About one in 64 is of some hundred pieces. */
export function smallText(random: Random): string {
  const kind = random.below(64);
  const pieces = kind === 0 ? 100 + random.below(200) : random.below(kind < 8 ? 16 : 5);
  let text = '';
  for (let i = 0; i < pieces; i++) {
    text += pick(random, PIECES);
    if (random.below(3) > 0) text += ' ';
    // Copies, for what counts duplicates.
    if (random.below(16) === 0) text += text.slice(0, 64);
  }
  return text.length > 4000 ? Buffer.from(text.slice(0, 4000)).toString() : text;
}

/** A JSON string of a text, with escapes where none are needed. */
function jsonString(random: Random, text: string): string {
  const plain = JSON.stringify(text);
  if (random.below(4) > 0) return plain;
  let out = '"';
  for (const c of text) {
    if (random.below(6) > 0) out += JSON.stringify(c).slice(1, -1);
    else if (c === '/') out += '\\/';
    else
      for (let i = 0; i < c.length; i++) {
        const unit = c.charCodeAt(i);
        const upper = random.below(2) * 16;
        out += `\\u${[12, 8, 4, 0].map((s) => HEX[((unit >> s) & 15) + upper]).join('')}`;
      }
  }
  return `${out}"`;
}

function jsonValue(random: Random): string {
  const kind = random.below(4);
  if (kind === 0) return pick(random, VALUES);
  if (kind === 1) return `{"domain":${jsonString(random, pick(random, PIECES))},"n":${random.below(100)}}`;
  return jsonString(random, smallText(random).slice(0, 12));
}

/** A line as somebody's exporter might write it, or as no exporter should. */
function line(random: Random): string {
  const kind = random.below(16);
  if (kind === 0) return pick(random, LINE_FILL);
  const text = jsonString(random, smallText(random));
  if (kind < 9)
    return `{"id":"d${random.below(1000)}","text":${text},"metadata":{"domain":"web","n":${random.below(9)}}}`;
  const space = (): string => (random.below(4) === 0 ? pick(random, [' ', '\t', '  ', '\r']) : '');
  const members = [`"text"${space()}:${space()}${text}`];
  for (let n = random.below(4); n > 0; n--) {
    const member = `"${pick(random, KEYS)}"${space()}:${space()}${jsonValue(random)}`;
    if (random.below(2) === 0) members.push(member);
    else members.unshift(member);
  }
  return `${space()}{${space()}${members.join(`${space()},${space()}`)}${space()}}${space()}`;
}

/** Damages bytes in place, or makes them longer or shorter. */
export function mutate(random: Random, bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  const length = 1 + random.below(Math.min(16, bytes.length - at));
  switch (random.below(7)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      flipped[at] ^= 1 << random.below(8);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 4: {
      const from = random.below(bytes.length - length + 1);
      const swapped = Buffer.from(bytes);
      bytes.copy(swapped, at, from, from + length);
      bytes.copy(swapped, from, at, at + length);
      return swapped;
    }
    case 5:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(random, PIECES)), bytes.subarray(at)]);
  }
}

/** `count` lines, one in four damaged; damage may make more lines of one, or one of two. */
export function hostileLines(random: Random, count: number): Buffer {
  const lines: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    let bytes = Buffer.from(line(random));
    if (random.below(4) === 0) for (let n = 1 + random.below(3); n > 0; n--) bytes = mutate(random, bytes);
    lines.push(bytes, Buffer.from(random.below(64) === 0 ? '\r\n' : '\n'));
  }
  if (random.below(4) === 0) lines.pop();
  if (random.below(16) === 0) lines.unshift(Buffer.from('\ufeff'));
  return Buffer.concat(lines);
}
