// Sentences with planted personal data, and with what only looks like it; made from a seed, of reserved ranges and
// made-up names.
import type { PiiKind } from '../src/operators/pii/scan.ts';

export interface Planted {
  readonly text: string;
  /** Null: nothing in the text is to be found. */
  readonly kind: PiiKind | null;
  /** What must be found, all of it. */
  readonly value: string;
}

export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ALNUM = `${LETTERS}${LETTERS.toUpperCase()}0123456789`;

/** Makers of everything from one stream of random numbers. */
function makers(random: () => number) {
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const chars = (alphabet: string, n: number): string =>
    Array.from({ length: n }, () => alphabet[below(alphabet.length)]).join('');
  const digits = (n: number): string => chars('0123456789', n);
  const hex = (n: number): string => chars('0123456789abcdef', n);
  const name = (): string => pick(['ada', 'bo', 'chi', 'dov', 'eri', 'fen', 'gul', 'ines', 'jon', 'kai', 'lu', 'mia']);
  const host = (): string =>
    `${pick(['mail.', '', 'corp.', 'a-b.'])}${pick(['example.com', 'example.org', 'host.test', 'firma.example'])}`;
  const luhn = (head: string): string => {
    const sum = Array.from(`${head}0`)
      .reverse()
      .reduce((n, c, i) => n + (i % 2 === 1 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(c)] : Number(c)), 0);
    return head + ((10 - (sum % 10)) % 10);
  };
  const spaced = (text: string, mark: string): string => text.match(/.{1,4}/g)!.join(mark);
  const iban = (country: string, length: number): string => {
    const own = digits(length - 4);
    const number = Array.from(`${own}${country}00`, (c) => String(Number.parseInt(c, 36))).join('');
    const check = String(98n - (BigInt(number) % 97n)).padStart(2, '0');
    return country + check + own;
  };
  const mixed = (n: number): string => `${chars(ALNUM, n - 4)}7q${digits(2)}`;
  return { below, pick, chars, digits, hex, name, host, luhn, spaced, iban, mixed };
}

type Makers = ReturnType<typeof makers>;

/** A value of each kind. */
const POSITIVES: { readonly [kind in PiiKind]: (m: Makers) => string } = {
  email: (m) =>
    m.pick([
      () => `${m.name()}.${m.name()}@${m.host()}`,
      () => `${m.name()}+${m.name()}${m.digits(2)}@${m.host()}`,
      () => `${m.name()}_${m.digits(3)}@${m.host()}`.toUpperCase(),
      () => `${m.name()} [at] ${m.host()}`,
      () => `${m.name()}(at)host(dot)example`,
      () => `${m.name()}@b\u00fccher.example`,
    ])(),
  ipv4: (m) => `${m.pick(['192.0.2', '198.51.100', '203.0.113', '93.184.216'])}.${m.below(256)}`,
  ipv6: (m) =>
    m.pick([
      () => `2001:db8::${m.hex(3)}f`,
      () => `2001:db8:${m.hex(4)}:${m.hex(2)}f::1`,
      () => `2001:0db8:85a3:${m.hex(4)}:0000:8a2e:0370:${m.hex(4)}`,
    ])(),
  phone: (m) =>
    m.pick([
      () => `+1-202-555-01${m.digits(2)}`,
      () => `(202) 555-01${m.digits(2)}`,
      () => `202.555.01${m.digits(2)}`,
      () => `+44 20 7946 0${m.digits(3)}`,
      () => `+44 (0)20 7946 0${m.digits(3)}`,
      () => `07700 900${m.digits(3)}`,
      () => `+49 30 23125${m.digits(3)}`,
      () => `030 23125${m.digits(3)}`,
      () => `06 39 98 ${m.digits(2)} ${m.digits(2)}`,
      () => `+3361998${m.digits(4)}`,
    ])(),
  card: (m) => {
    const number = m.luhn(m.pick([`4${m.digits(14)}`, `5${1 + m.below(5)}${m.digits(13)}`, `6011${m.digits(11)}`]));
    return m.pick([number, m.spaced(number, ' '), m.spaced(number, '-'), m.luhn(`37${m.digits(12)}`)]);
  },
  iban: (m) => {
    const [country, length] = m.pick([
      ['DE', 22],
      ['ES', 24],
      ['AT', 20],
      ['BE', 16],
      ['PL', 28],
    ] as const);
    const whole = m.iban(country, length);
    return m.pick([whole, m.spaced(whole, ' ')]);
  },
  secret: (m) =>
    m.pick([
      () => `AKIA${m.chars('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
      () => `ghp_${m.chars(ALNUM, 36)}`,
      () => `sk_live_${m.chars(ALNUM, 24)}`,
      () => `xoxb-${m.digits(12)}-${m.chars(ALNUM, 24)}`,
      () => `AIza${m.chars(ALNUM, 35)}`,
      () => `eyJ${m.chars(ALNUM, 20)}.eyJ${m.chars(ALNUM, 40)}.${m.chars(ALNUM, 43)}`,
    ])(),
  credentials: (m) => `${m.name()}:${m.chars(ALNUM, 8)}`,
  mac: (m) => Array.from({ length: 6 }, () => m.hex(2)).join(m.pick([':', '-'])),
  ssn: (m) => `9${m.digits(2)}-7${m.digits(1)}-1${m.digits(3)}`,
};

/** What only looks like it. */
const NEGATIVES: readonly ((m: Makers) => string)[] = [
  (m) => `version ${m.below(20)}.${m.below(20)}.${m.below(20)}.${m.below(255)}`,
  (m) => `build ${m.below(20)}.0.${m.digits(5)}.${m.below(20)}`,
  (m) => `section ${1 + m.below(9)}.${1 + m.below(9)}.${1 + m.below(9)}.${1 + m.below(9)}`,
  (m) => `ISBN 978-3-16-${m.digits(6)}-${m.digits(1)}`,
  (m) => `ISBN 0-306-${m.digits(5)}-2`,
  (m) => `on 20${m.digits(2)}-0${1 + m.below(9)}-1${m.below(10)} at 1${m.below(10)}:3${m.below(10)}:5${m.below(10)}`,
  (m) => `on 0${1 + m.below(9)}/1${m.below(10)}/19${m.digits(2)}, or 0${1 + m.below(9)}-1${m.below(10)}-2019`,
  (m) => `order no. ${m.digits(8)}-${m.digits(6)}`,
  (m) => `invoice ${m.digits(16).replace(/^./, '9')}`,
  (m) => `commit ${m.hex(40)}, sha256:${m.hex(64)}`,
  (m) => `uuid ${m.hex(8)}-${m.hex(4)}-4${m.hex(3)}-a${m.hex(3)}-${m.hex(12)}`,
  (m) => `at ${m.below(80)}.${m.digits(6)}, -${m.below(170)}.${m.digits(6)}`,
  (m) => `gateway 10.${m.below(256)}.${m.below(256)}.1 and 127.0.0.1 and 192.168.${m.below(256)}.${m.below(256)}`,
  (m) => `address ${300 + m.below(600)}.${m.digits(3)}.999.1 is not one`,
  (m) => `use std::vector and dead::beef, a ratio of ${m.below(99)}:${m.digits(3)}`,
  (m) => `@${m.name()} wrote it, logo@2x.png, ${m.name()}@localhost, and npm i lodash@4.17.${m.digits(2)}`,
  (m) => `git clone git@code.example:${m.name()}/mill.git`,
  (m) => `a card like 4111 1111 1111 ${m.pick(['1112', '1113', '1114', '1115', '1116'])}`,
  (m) => `an account DE${m.pick(['00', '01', '99'])}370400440532013000`,
  (m) => `for (let i = 0; i < ${m.digits(6)}; i += 1024) hash[i] = 0x${m.hex(8)};`,
  (m) => `https://shop.example:8080/item/${m.digits(10)}?id=${m.digits(12)}`,
  () => 'token = getToken(request), password = input.value, api_key: process.env.KEY',
  (m) => `${m.digits(3)},${m.digits(3)},${m.digits(3)} people, ${m.digits(2)}.${m.digits(2)} %; pi is 3.14159265358979`,
  (m) => `part 555-01${m.digits(2)}, model 093-000${m.digits(3)}-01, chapter ${m.below(60)}:${m.below(60)}`,
  (m) => `the score was ${m.below(99)}-${m.below(99)} and ${m.below(9)} ${m.digits(3)} came`,
];

const AROUND: readonly (readonly [string, string])[] = [
  ['Write to ', ' before noon.'],
  ['', ''],
  ['The miller noted: "', '", and went.'],
  ['(', ')'],
  ['Was: ', '; is gone.'],
  ['See ', ', please.'],
  ['Am Tor steht ', ' – bitte melden.'],
];

/** `each` texts of every kind, and as many of every look-alike. */
export function plantedPii(each: number, seed: number): Planted[] {
  const m = makers(generator(seed));
  const around = (what: string): string => {
    const [before, behind] = m.pick(AROUND);
    return before + what + behind;
  };
  const positives = Object.entries(POSITIVES).flatMap(([kind, make]) =>
    Array.from({ length: each }, (): Planted => {
      const value = make(m);
      const shown = kind === 'credentials' ? `https://${value}@${m.host()}/path` : value;
      return { text: around(shown), kind: kind as PiiKind, value };
    }),
  );
  const negatives = NEGATIVES.flatMap((make) =>
    Array.from({ length: each }, (): Planted => {
      const value = make(m);
      return { text: around(value), kind: null, value };
    }),
  );
  return [...positives, ...negatives];
}
