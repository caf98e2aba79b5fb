import { describe, expect, it } from 'vitest';
import { BASE, SpanNumbers } from '../../../src/operators/annotators/profiles/spans.ts';
import { unitsReader } from '../../../src/operators/annotators/profiles/units.ts';
import { vocabulary } from '../../../src/operators/annotators/profiles/vocabulary.ts';
import { seededRandom } from '../../../src/random.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { corpusTexts } from '../../helpers/corpus-texts.ts';
import { differencesOf, differencesOfWords } from '../reference/compare.ts';

const times = (n: number, make: (i: number) => string, joiner = ''): string =>
  Array.from({ length: n }, (_, i) => make(i)).join(joiner);

/**
 * A word of the Thue-Morse sequence and the one with its letters exchanged: polynomial hashes modulo 2^32 take them for
 * one.
 */
function thueMorse(length: number, first: string, second: string): string {
  let [a, b] = [first, second];
  while (a.length < length) [a, b] = [a + b, b + a];
  return a;
}
const pair = [thueMorse(1024, 'a', 'b'), thueMorse(1024, 'b', 'a')];

/** 64 words with one polynomial hash and one length. */
const halves = [thueMorse(128, 'a', 'b'), thueMorse(128, 'b', 'a')];
const ofOneHash = Array.from({ length: 64 }, (_, i) => times(6, (bit) => halves[(i >> bit) % 2]));

const nasty: { readonly [name: string]: string } = {
  empty: '',
  blank: ' \n\t\u3000\u001c\n\n\u0085',
  'one letter': 'a',
  'one mark': '.',
  'white space and line ends of Python':
    'a\u000bb\u000c\u001cc\u001dd\u001ee\u001ff\u0085g\u00a0h\u1680i\u2000j\u200ak' +
    '\u2028l\u2029m\u202fn\u205fo\u3000p\r\nq\rr\n\rs\u200bt\ufeffu',
  'surrogate pairs': '😀 𝒜𝒷 a😀b 😀😀. 😀... 𐩖 a𐩖\n𐩖\nlast line ends in 𝪈',
  'lone surrogates': '\ud83d \ude00 \ud83d\ud83d\ude00\ude00 a\ud83d b\ude00c\n\ud83d\n\ude00\n\ud83d\ude00\nx\ud800',
  'halves that a line end parts': '\ud83d\n\ude00 \ud83d\u2028\ude00 \ud83d \ude00',
  'combining marks': 'e\u0301 e\u0301 \u0301 \u0301\u0301. Zo\u0308e n\u0303o. a\u0300\u0301\u0302\u0303',
  'runs of marks': '... .. . .... a... ...a a..b a.b. !? ?! !!! --- - -- a-b a--b -a- …… a… …a .a. ,;: ([{}]) "\'"',
  'full stops': 'U.S. e.g. A. Ab. AB. aB. a.b.c. U.S.A. end. End.Next end.next x.. x... .5. 5.5. 5. a.. B. .',
  'marks between stops': `${'!.'.repeat(300)} a${'.!'.repeat(300)}`,
  clitics: "don't Don’t DON'T can't n't 'n't it's its' 'tis we've They'LL I'm he'd o'clock rock'n'roll 's x's's ’s",
  'numbers and units':
    '5km 5.5kg 10% -3°C +4.0µm2 1,000.00usd 3e5 5kmh2 % 5 5. 5,5 1984 1984. 12:30 a:b a=b a/b <b> 1/2 x2 ' +
    '2x ab12 12ab34',
  addresses: 'http://a.b/c, www.a.b. (https://x.y/z?q=1#w) me@x.org <me@x.org>. a@b ftp:/x aBc.Def camelCase.Stop',
  'full-width and CJK': '今天天气很好。我们去公园！你呢？ 今天天气很好。 ，、：「」 ５０％ ｡ ひらがな。カタカナ',
  'other scripts': 'Привет, мир! Привет. العربية، نعم؟ हिन्दी। ქართული. ኢትዮጵያ። ՀԱՅ՞ ਪੰਜਾਬੀ',
  'long s, Kelvin sign, dotted I': 'Use cooKies. coo\u212aies use coo\u212aies. İstanbul uſes cookies. JAVA\u017fcript',
  'stop words': 'the be to of and that have with The BE the, .with. the-with and/of thee',
  'words that join to the same': 'ab c a bc ab c a bc abc ab c abc a bc a b c abc ab c a b c a bc'.repeat(4),
  'one word again': times(3000, () => 'again', ' '),
  'two words in turn': times(2000, (i) => (i % 2 === 0 ? 'tick' : 'tock'), ' '),
  'a period of three': times(2000, (i) => ['one', 'two', 'three'][i % 3], ' '),
  'copies of lines': times(60, (i) => `line ${i % 7}\n${i % 3 === 0 ? '\n\n' : ''}`),
  'breaks around': '\n\n\na\n\nb\n\n\n\na\n\nb\n\n',
  'breaks alone': '\n\n\n\n',
  'lines of 30 and 31':
    `${'😀'.repeat(30)}\n${'😀'.repeat(31)}\n` +
    `${'a'.repeat(30)}\n${'a'.repeat(31)}\n${'a'.repeat(60)}\n${'a'.repeat(61)}`,
  'bullets and dots': '- a\n• b\n* c\n -d\n  • e ...\nf…\ng .. .\nh...\n…\n...\n..\n-\n•',
  citations:
    'He[1] went[12] home[edit]. So[citation needed] it[] was[x] [3\u0664]. lorem ip[1]sum ' +
    'here.\njava[2]script is here.\n[1]\n[[1]] [1[2]]',
  phrases:
    'A Lorem IPSUM line.\nThis needs JavaScript on.\nOur Terms of Use apply.\nPrivacy  policy ' +
    'here.\nRead the privacy policy now.\nIt uses cookies here.\nAll cookies and terms of it.\nNo brace ' +
    'here.\nA { brace.',
  'long words':
    `${'x'.repeat(999)} a b.\n${'x'.repeat(1000)} a b.\n` + `${'x'.repeat(1001)} a b.\n${'😀'.repeat(1000)} a b.`,
  'long token of every kind': times(4000, (i) => 'aB.,-;:<>\'"…—%$1٣é今😀\u0301'[i % 25]),
  'words that polynomial hashes take for one': times(80, (i) => pair[((i * i) % 7) % 2], ' '),
  'more words of one hash than are looked at side by side': [...ofOneHash, ...ofOneHash.slice(20, 40)].join(' '),
  'lines with the same ends': times(150, (i) => `${'a'.repeat(24)} ${100 + (i % 90)} ${'b'.repeat(24)}`, '\n'),
  'lines that polynomial hashes take for one': times(50, (i) => pair[((i * 5) % 3) % 2], '\n'),
};

describe('profiles, every bit as the plain code has it', () => {
  it.each(Object.entries(nasty))('%s', (_, text) => {
    expect(differencesOf(text)).toEqual([]);
    expect(differencesOf(`${text} ${text}\n${text}`)).toEqual([]);
  });

  it('the words of one hash are such', () => {
    const hashes = ofOneHash.map((word) =>
      Array.from(word).reduce((h, c) => (Math.imul(h, BASE) + c.charCodeAt(0)) | 0, 0),
    );
    expect([new Set(hashes).size, new Set(ofOneHash).size, new Set(ofOneHash.map((w) => w.length)).size]).toEqual([
      1, 64, 1,
    ]);
  });

  it('every UTF-16 unit, alone and beside letters and digits', () => {
    const differences: string[] = [];
    for (let first = 0; first < 0x10000; first += 256) {
      const text = times(
        256,
        (i) => {
          const u = String.fromCharCode(first + i);
          return `${u} ${u}a 1${u} "${u}". a${u}b`;
        },
        '\n',
      );
      for (const difference of differencesOf(text)) differences.push(`${first.toString(16)}: ${difference}`);
    }
    expect(differences).toEqual([]);
  });

  it('one word 30,000 times', () => {
    expect(differencesOf('word '.repeat(30_000))).toEqual([]);
  });

  const random = seededRandom(1, 'profiles');
  const pick = <T>(list: ArrayLike<T>): T => list[random.below(list.length)];
  const pieces = Object.values(nasty).flatMap((text) => text.slice(0, 400).split(' '));
  const characters = ' \n\t\r\u0085\u2028\u3000.,!?-\'"…()[]{}#*•:;/%@abABzZ09é今한\u0301\ud83d\ude00\u212a';
  const alphabets = ['ab', 'ab \n', "aB.' ", 'a.!… \n', ' \n\r\u2028', '\ud83d\ude00a \n', characters];

  it('seeded random texts: few letters, many marks, pieces of the texts above', () => {
    const differences: string[] = [];
    for (let i = 0; i < 800; i++) {
      const length = random.below(pick([4, 40, 400]));
      const alphabet = pick(alphabets);
      const text =
        i % 3 === 0
          ? times(length, () => pick(pieces) + pick([' ', ' ', '\n', '']))
          : times(length, () => pick(alphabet));
      for (const difference of differencesOf(text)) differences.push(`${JSON.stringify(text)}: ${difference}`);
    }
    expect(differences).toEqual([]);
  });

  it('words from outside, some of white space, some empty', () => {
    const differences: string[] = [];
    const given = ['a', 'b', 'ab', ' ', 'a b', 'b a', '', '\n', '  ', 'the', '!', '😀', '\ud83d', '\ude00', 'a ', ' a'];
    for (let i = 0; i < 500; i++) {
      // Each list of few words, so that grams come again; every other one without a space.
      const own = Array.from({ length: 1 + random.below(5) }, () => pick(given)).map((w) =>
        i % 2 ? w : w.replaceAll(' ', ''),
      );
      const words = Array.from({ length: random.below(60) }, () => pick(own));
      for (const d of differencesOfWords(words.join(' '), words)) differences.push(`${JSON.stringify(words)}: ${d}`);
    }
    expect(differences).toEqual([]);
  });

  const root = corporaFolder();
  it.skipIf(!root)('every 1,009th document of the beginning of the mixed corpus', () => {
    let documents = 0;
    const differences: string[] = [];
    for (const { path, texts } of corpusTexts(root!, 'mixed')) {
      if (documents > 12_000) break;
      for (const text of texts) {
        if (documents++ % 1009 !== 0) continue;
        for (const difference of differencesOf(text)) differences.push(`${path}: ${difference}`);
      }
    }
    expect(differences).toEqual([]);
    expect(documents).toBeGreaterThan(10_000);
  });
});

describe('the vocabulary', () => {
  it('holds no more of long tokens than of many', () => {
    const longest = 1 << 20;
    for (let i = 0; i < 12; i++) {
      const own = unitsReader()(`${String(i)}/${'x'.repeat(longest)}`);
      expect(vocabulary().split(own, 'punctuated').count).toBe(3);
    }
    // 16 MB, and what the last text brought.
    expect(vocabulary().pool.length).toBeLessThanOrEqual(1 << 23);
  });
});

describe('SpanNumbers', () => {
  it('numbers equal spans alike, in order of first coming, with hashes that all collide', () => {
    const random = seededRandom(2, 'spans');
    const sequence = Int32Array.from({ length: 6000 }, () => random.below(5) - 2);
    for (const hashOf of [() => 7, (s: Int32Array) => s.reduce((h, v) => (Math.imul(h, BASE) + v) | 0, 0)]) {
      const numbers = new SpanNumbers();
      numbers.reset(sequence, 0);
      const plain = new Map<string, number>();
      for (let i = 0; i < 4000; i++) {
        const start = random.below(5900);
        const end = start + random.below(9);
        const span = sequence.subarray(start, end);
        if (!plain.has(span.join())) plain.set(span.join(), plain.size);
        expect(numbers.numberOf(hashOf(span), start, end)).toBe(plain.get(span.join()));
        expect(numbers.size).toBe(plain.size);
      }
      expect(plain.size).toBeGreaterThan(1000);
    }
  });
});
