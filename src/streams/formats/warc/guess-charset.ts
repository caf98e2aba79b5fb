import { openDecoder } from '../../codecs/transcode.ts';
import { guessLatin, LATIN_CHARSETS } from './guess-latin.ts';

/** Bytes that a guess looks at. */
const SAMPLE_BYTES = 16 * 1024;

/** Encodings that pages which tell nothing are in, by the language and by the end of the host (WHATWG, "determining
 * the character encoding", table of defaults). */
const USUAL: { readonly [languageOrHost: string]: readonly string[] } = {
  ja: ['shift_jis', 'euc-jp'],
  jp: ['shift_jis', 'euc-jp'],
  zh: ['gb18030', 'big5'],
  cn: ['gb18030'],
  tw: ['big5'],
  hk: ['big5'],
  ko: ['euc-kr'],
  kr: ['euc-kr'],
  ru: ['windows-1251', 'koi8-r'],
  by: ['windows-1251'],
  bg: ['windows-1251'],
  ua: ['windows-1251', 'koi8-u'],
  uk: ['windows-1251'],
  cs: ['windows-1250', 'iso-8859-2'],
  cz: ['windows-1250', 'iso-8859-2'],
  hu: ['windows-1250', 'iso-8859-2'],
  pl: ['iso-8859-2', 'windows-1250'],
  sk: ['windows-1250'],
  sl: ['windows-1250'],
  hr: ['windows-1250'],
  el: ['windows-1253', 'iso-8859-7'],
  gr: ['windows-1253', 'iso-8859-7'],
  tr: ['windows-1254'],
  he: ['windows-1255'],
  il: ['windows-1255'],
  ar: ['windows-1256'],
  fa: ['windows-1256'],
  th: ['windows-874'],
  vi: ['windows-1258'],
  vn: ['windows-1258'],
  ...Object.fromEntries(
    'de at ch nl be fr es mx it pt br en us sv se da dk no nb nn fi is ca eu gl ga af lb id ms'
      .split(' ')
      .map((name) => [name, ['windows-1252']]),
  ),
  ro: ['windows-1250', 'iso-8859-2'],
  et: ['windows-1257'],
  lt: ['windows-1257'],
  lv: ['windows-1257'],
};
const OTHERS = [
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'gb18030',
  'big5',
  'windows-1251',
  'koi8-r',
  'windows-1253',
  'iso-8859-7',
  'windows-1252',
];
/** Charsets whose letters are signs in windows-1252, and how well a page in them reads. */
const CENTRAL = ['windows-1250', 'iso-8859-2'];
const WELL = 0.6;
/** What the language or the host tell counts so much for each character. */
const HINT = 0.4;
/** One byte beyond ASCII in so many. */
const FEW = 50;

/** The encoding in which the bytes read best; null when they read badly in all. */
export function guessCharset(
  body: Uint8Array,
  { language = '', host = '' }: { readonly language?: string; readonly host?: string },
): string | null {
  const hints = new Set([
    ...(USUAL[language.toLowerCase().slice(0, 2)] ?? []),
    ...(USUAL[host.slice(host.lastIndexOf('.') + 1).toLowerCase()] ?? []),
  ]);
  const from = Math.max(0, body.findIndex((b) => b >= 0x80) - 64);
  const sample = body.subarray(from, from + SAMPLE_BYTES);
  let best: string | null = null;
  let most = 0;
  for (const name of new Set([...hints, ...OTHERS])) {
    const score = readability(openDecoder(name).write(sample), KANA[name] ?? 0) + (hints.has(name) ? HINT : 0);
    if (score > most) [best, most] = [name, score];
  }
  // Most letters of Polish in iso-8859-2 are signs in windows-1252: such a page reads well in its own only.
  if (best === null && CENTRAL.some((name) => readability(openDecoder(name).write(sample), 0) > WELL))
    return guessLatin(sample, hints);
  // A sign here and there is no text to be judged by: what is usual then.
  if (best === null && highBytes(sample) * FEW <= sample.length) return [...hints][0] ?? 'windows-1252';
  // All of them read well in each: what tells them apart is how often their letters are met.
  return best !== null && LATIN_CHARSETS.includes(best) ? guessLatin(sample, hints) : best;
}

const highBytes = (bytes: Uint8Array): number => bytes.reduce((n, b) => n + (b >> 7), 0);

/** What kana are worth in the encodings of Japanese; in those of Chinese they come by chance. */
const KANA: { readonly [encoding: string]: number | undefined } = { shift_jis: 1.6, 'euc-jp': 1.6 };

/** How well a text reads, for each character beyond ASCII; 1 is good, below 0 is no text. */
function readability(utf8: Uint8Array, kana: number): number {
  let malformed = 0;
  for (const b of utf8) if (b === 0xff) malformed++;
  const text = Buffer.from(utf8.filter((b) => b !== 0xff)).toString('utf8');
  let [sum, n, before] = [-10 * malformed, malformed, 0x20];
  for (const character of text) {
    const c = character.codePointAt(0)!;
    if (c >= 0x80) {
      n++;
      sum += within(c, 0x3040, 0x30ff) ? kana : worth(c, before);
    } else if (isLetter(c) && isOfOtherScript(before)) sum -= ALONE;
    before = c;
  }
  return n === 0 ? 0 : sum / n;
}

/**
 * What a character of another script loses before a Latin letter: of a Latin word the letter beyond ASCII reads as one,
 * in an encoding of two bytes together with the letter after it.
 */
const ALONE = 1.5;
const isOfOtherScript = (c: number): boolean => (c >= 0x370 && c < 0x2000) || isWide(c);
const isWide = (c: number): boolean => c >= 0x2e80 && c < 0xff00;
const isLetter = (c: number): boolean => (c | 32) >= 0x61 && (c | 32) <= 0x7a;
const within = (c: number, from: number, to: number): boolean => c >= from && c <= to;

function worth(c: number, before: number): number {
  // Words of one script do not go on in another.
  if (isOfOtherScript(c) && isLetter(before)) return -1;
  if (within(c, 0xac00, 0xd7a3)) return 1.4;
  if (within(c, 0x4e00, 0x9fff)) return 1;
  if (within(c, 0x3000, 0x3011) || within(c, 0xff01, 0xff5e)) return 0.8;
  // Of Cyrillic small letters follow: a page in the wrong code has capitals inside of its words.
  if (within(c, 0x430, 0x45f)) return 1;
  if (within(c, 0x410, 0x42f)) return within(before, 0x430, 0x45f) ? -1 : 0.6;
  if (within(c, 0x3b1, 0x3ce) || within(c, 0x5d0, 0x5ea) || within(c, 0x621, 0x64a) || within(c, 0xe01, 0xe5b))
    return 1;
  if (within(c, 0x391, 0x3a9)) return 0.5;
  if (within(c, 0xdf, 0x17f)) return isLetter(before) || within(before, 0xc0, 0x17f) || before === 0x20 ? 0.9 : -0.5;
  if (within(c, 0xc0, 0xde)) return isLetter(before) ? -0.5 : 0.4;
  if (within(c, 0x2010, 0x203a) || c === 0xa0 || c === 0xa9 || c === 0xab || c === 0xbb || c === 0xb7) return 0.5;
  return within(c, 0xff61, 0xff9f) || within(c, 0xe000, 0xf8ff) || c < 0xa0 ? -2 : -0.5;
}
