import { isUtf8 } from 'node:buffer';

/** Encodings of text other than UTF-8 that are read, with what else they are called. */
const ENCODINGS: Readonly<Record<string, string>> = {
  'utf-16': 'ucs2 ucs-2 iso-10646-ucs-2 unicode',
  'utf-16le': 'ucs-2le unicodefffe',
  'utf-16be': 'ucs-2be',
  'windows-1252': 'latin1 l1 iso-8859-1 iso-88591 cp1252 cp819 x-cp1252',
  gb18030: 'gbk gb2312 gb_2312-80 chinese cp936 windows-936 ms936 x-gbk euc-cn',
  shift_jis: 'sjis cp932 ms932 windows-31j ms_kanji x-sjis',
  'euc-jp': 'x-euc-jp ujis',
  'euc-kr': 'cp949 windows-949 uhc ks_c_5601-1987 ksc5601 korean',
  big5: 'cp950 big5-hkscs cn-big5 x-x-big5',
  'windows-1250': 'cp1250',
  'windows-1251': 'cp1251',
  'windows-1253': 'cp1253',
  'windows-1254': 'cp1254 iso-8859-9 latin5',
  'windows-1255': 'cp1255',
  'windows-1256': 'cp1256',
  'windows-1257': 'cp1257',
  'windows-1258': 'cp1258',
  'windows-874': 'cp874 iso-8859-11 tis-620',
  'iso-8859-2': 'latin2 l2',
  'iso-8859-3': 'latin3',
  'iso-8859-4': 'latin4',
  'iso-8859-5': 'cyrillic',
  'iso-8859-6': 'arabic',
  'iso-8859-7': 'greek',
  'iso-8859-8': 'hebrew iso-8859-8-i logical',
  'iso-8859-10': 'latin6',
  'iso-8859-13': 'latin7',
  'iso-8859-14': 'latin8',
  'iso-8859-15': 'latin9',
  'iso-8859-16': 'latin10',
  'koi8-r': 'koi8 koi',
  'koi8-u': 'koi8-ru',
  ibm866: 'cp866 dos-866',
  macintosh: 'mac x-mac-roman macroman',
};

const UTF8 = 'utf-8';
/** Case and punctuation of a name say nothing. */
const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const BY_NAME = new Map<string, string>(
  [[UTF8, 'utf8 unicode-1-1-utf-8'] as const, ...Object.entries(ENCODINGS)].flatMap(([name, others]) =>
    [name, ...others.split(' ')].map((n): [string, string] => [bare(n), name]),
  ),
);

/** Names to choose from: the usual ones, UTF-8 first. */
export const ENCODING_NAMES: readonly string[] = [UTF8, ...Object.keys(ENCODINGS), 'latin1', 'gbk', 'sjis', 'cp949'];

/**
 * The one name of an encoding that may be called by another (`latin1` is `windows-1252`, `gbk` is `gb18030`: what holds
 * the characters of the other, as browsers have it); undefined when it is not known.
 */
export const encodingNamed = (name: string): string | undefined => BY_NAME.get(bare(name));

/** Encoding that a byte order mark at the start of a file says; null where there is none. */
export function encodingOfMark([a, b, c]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (a === 0xef && b === 0xbb && c === 0xbf) return UTF8;
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return a === 0xfe && b === 0xff ? 'utf-16be' : null;
}

/**
 * The encoding that a file is read in; undefined for UTF-8. A byte order mark is believed, once another encoding than
 * UTF-8 was asked for. With `utf-16` a file without one is UTF-8 if it can be, else UTF-16 in the order in which its
 * zeros lie.
 * @param asked name as `encodingNamed` gives it
 */
export function encodingOf(head: Uint8Array, asked: string | undefined): string | undefined {
  if (asked === undefined || asked === UTF8) return undefined;
  const name = encodingOfMark(head) ?? (asked === 'utf-16' ? utf16Or8(head) : asked);
  return name === UTF8 ? undefined : name;
}

function utf16Or8(head: Uint8Array): string {
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i & 1]++;
  if (zeros[0] > zeros[1]) return 'utf-16be';
  // A code point may be cut at the end.
  const text = [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, Math.max(0, head.length - cut))));
  return zeros[1] === 0 && text ? UTF8 : 'utf-16le';
}

/** Does a byte 10 end a line wherever it stands? Not in UTF-16. */
export const linesAreBytes = (encoding: string | undefined): boolean => !encoding?.startsWith('utf-16');
