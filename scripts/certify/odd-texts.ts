// Texts that tokenizers disagree about: odd characters put into prose, random strings, added tokens where they may be.
import { seededRandom } from '../../src/random.ts';

/** White space, numbers, marks and letters that one library or the other takes for something else; and new ones. */
export const ODD = [
  0x00, 0x09, 0x0a, 0x0b, 0x0d, 0x1c, 0x20, 0x85, 0xa0, 0xad, 0xb2, 0xbd, 0xfeff, 0x200b, 0x200c, 0x200d, 0x2028,
  0x202f, 0x2060, 0x3000, 0x17f, 0x212a, 0x1c5, 0x2b0, 0x300, 0x301, 0x327, 0x345, 0x93c, 0x94d, 0x663, 0x96b, 0x2167,
  0x2460, 0x3007, 0x3021, 0x1100, 0x1161, 0x11a8, 0xac00, 0xfb01, 0xfffd, 0xffff, 0xe000, 0x1d7d8, 0x1f468, 0x1f3fd,
  0x1e900, 0x10480, 0x20000, 0x2f800, 0x10ffff, 0x1d15e, 0x11938, 0x16d67, 0x105c9, 0x10940, 0x1c89, 0xa7cb, 0x0387,
  0x37e, 0x340, 0x958, 0xaaff, 0x1e5d0, 0x10d40, 0x11de0, 0x11b60, 0x16ea0, 0x1e6c0,
];

const ASCII = " \n\t'\"-_.,:;!?()[]<>|/\\aAsStTlLrRvVeEdDmM0159 '";

type Pick = <T>(of: ArrayLike<T>) => T;

/** @param tokens contents of added tokens @param prose real texts, to put odd ones into */
export function* oddTexts(prose: readonly string[], tokens: readonly string[], count: number): Generator<string> {
  const { uniform: random } = seededRandom(15);
  const pick: Pick = (of) => of[Math.floor(random() * of.length)];
  const some = (most: number): number => 1 + Math.floor(random() * most);
  const odd = (): string => String.fromCodePoint(pick(ODD));
  const anything = (): string => {
    const kind = random();
    if (kind < 0.45) return pick(ASCII);
    if (kind < 0.75) return odd();
    if (kind < 0.9) return pick(tokens) ?? pick(ASCII);
    const cp = Math.floor(random() * (random() < 0.8 ? 0x3000 : 0x110000));
    return cp >= 0xd800 && cp < 0xe000 ? '?' : String.fromCodePoint(cp);
  };
  const repeated = (): string => anything().repeat(random() < 0.2 ? some(9) : 1);
  for (let i = 0; i < count; i++) {
    if (i % 5 < 3 || prose.length === 0) {
      yield Array.from({ length: some(60) }, repeated).join('');
      continue;
    }
    const text = pick(prose);
    const from = Math.floor(random() * text.length);
    const characters = Array.from(text.slice(from, from + 600).replaceAll(/[\ud800-\udfff]/g, ''));
    for (let n = some(12); n > 0; n--) {
      const put = i % 5 === 3 || tokens.length === 0 ? odd() : pick(tokens);
      characters.splice(Math.floor(random() * (characters.length + 1)), 0, put.repeat(random() < 0.2 ? 3 : 1));
    }
    yield characters.join('');
  }
}
