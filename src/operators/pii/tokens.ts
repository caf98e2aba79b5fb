import { createHmac } from 'node:crypto';
import { KINDS, type PiiKind } from './scan.ts';
import { withoutZeroWidth } from './zero-width.ts';

/** What stands in the place of a value; `value` is null where the place alone is known. */
export type TokenOf = (kind: string, value: string) => string;

/** The value without what may be written differently: case of addresses, marks between digits. */
function normal(kind: string, value: string): string {
  if (kind === 'phone' || kind === 'card' || kind === 'iban' || kind === 'ssn' || kind === 'mac')
    return value.replace(/[^0-9A-Za-z+]/g, '').toUpperCase();
  if (kind === 'email') return unescaped(withoutZeroWidth(value)).toLowerCase();
  return kind === 'ipv6' ? value.toLowerCase() : value;
}

/** As it is without the escapes of URLs. */
const unescaped = (value: string): string =>
  value
    .replace(/%25(?=[0-9a-f]{2})/gi, '%')
    .replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** A token where a value stood between < and >: those of the text are its brackets, so that none is doubled. */
export function tokenBetween(token: string, before: number | undefined, after: number | undefined): string {
  const bracketed = before === 0x3c && after === 0x3e && token.startsWith('<');
  return bracketed ? token.slice(1, -1) : token;
}

/** Hexadecimal digits of a tag: few, so that a tag fits many values. */
const DIGITS = 4;

/** `<EMAIL_1f3a>`: the same value has the same tag wherever it stands, in every run with the seed. */
export const stableTokens = (seed: number): TokenOf => {
  const key = `sluice pii ${seed}`;
  return (kind, value) => {
    const tag = createHmac('sha256', key)
      .update(`${kind} ${normal(kind, value)}`)
      .digest('hex')
      .slice(0, DIGITS);
    return `<${KINDS[kind as PiiKind]}_${tag}>`;
  };
};

/** `<EMAIL>` */
export const plainTokens: TokenOf = (kind) => `<${KINDS[kind as PiiKind]}>`;

/** The replacements of datatrove, one after the other, from the first on in every document. */
export function datatroveTokens(): TokenOf {
  const next: Record<string, number> = { email: 0, ip: 0 };
  return (kind) => {
    const list = DATATROVE[kind as 'email' | 'ip'];
    return list[next[kind]++ % list.length];
  };
}

/** Its two addresses of reserved domains, and six that answered nobody when the list was made. */
const DATATROVE = {
  email: ['email@example.com', 'firstname.lastname@example.org'],
  ip: ['22.214.171.124', '126.96.36.199', '188.8.131.52', '184.108.40.206', '220.127.116.11', '18.104.22.168'],
} as const;

const DOLMA: Readonly<Record<string, string>> = {
  email: '|||EMAIL_ADDRESS|||',
  phone: '|||PHONE_NUMBER|||',
  ip: '|||IP_ADDRESS|||',
};

/** The words of dolma's mixer. */
export const dolmaTokens: TokenOf = (kind) => DOLMA[kind];
