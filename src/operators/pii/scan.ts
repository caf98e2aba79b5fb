import { credentialsAt, ipv4End, ipv6End, macEnd } from './addresses.ts';
import { BYTE, CLASS, has } from './bytes.ts';
import { emailAt, escapedEmailAt, spelledEmailAt } from './email.ts';
import { ibanEnd } from './iban.ts';
import { cardEnd, groupsAt, mayBegin, phoneEnd, ssnEnd } from './numbers.ts';
import { assignedAt, keyEnd, mayBeginKey, pemEnd } from './secrets.ts';

/** What is looked for, and the word for it in a token. */
export const KINDS = {
  email: 'EMAIL',
  ipv4: 'IPV4',
  ipv6: 'IPV6',
  phone: 'PHONE',
  card: 'CARD',
  iban: 'IBAN',
  secret: 'SECRET',
  credentials: 'CREDENTIALS',
  mac: 'MAC',
  ssn: 'SSN',
} as const;

export type PiiKind = keyof typeof KINDS;

/** A place of something personal, in bytes. */
export interface PiiSpan {
  readonly kind: PiiKind;
  readonly start: number;
  readonly end: number;
}

const [WORD, NUMBER, MARK, OPEN] = [1, 2, 3, 4];

/** What a byte may begin, outside of words, or tell of what stands before it. */
const TRIGGERS = Uint8Array.from({ length: 256 }, (_, b) => {
  if ((CLASS[b] & BYTE.digit) !== 0) return NUMBER;
  if ((CLASS[b] & BYTE.word) !== 0) return WORD;
  const c = String.fromCharCode(b);
  return b < 128 && c === '(' ? OPEN : b < 128 && '@%:=[{<-'.includes(c) ? MARK : c === '+' ? NUMBER : 0;
});
/** Letters that a key may begin with, or a MAC address. */
const BEGINS = Uint8Array.from({ length: 256 }, (_, b) =>
  mayBeginKey(b) || (CLASS[b] & (BYTE.upper | BYTE.hex)) !== 0 ? 1 : 0,
);

/**
 * Finds what is personal in bytes `from` to `to`, in one pass from left to right: at every byte only so many others are
 * looked at, whatever the text. Spans ascend and do not overlap; of two that begin alike the more exact kind is taken.
 */
export function scanPii(text: Uint8Array, from: number, to: number, kinds: ReadonlySet<PiiKind>): PiiSpan[] {
  const spans: PiiSpan[] = [];
  let free = from;
  let p = from;
  const found = (kind: PiiKind, start: number, end: number): boolean => {
    if (end <= start || start < free || !kinds.has(kind)) return false;
    spans.push({ kind, start, end });
    free = p = end;
    return true;
  };
  while (p < to) {
    const b = text[p];
    const trigger = TRIGGERS[b];
    if (trigger === 0) {
      p++;
      continue;
    }
    if (trigger === WORD) {
      // An IBAN has digits behind its country.
      if ((BEGINS[b] === 1 || has(text, p + 2, BYTE.digit)) && wordAt(text, from, p, to, found)) continue;
    } else if (trigger === NUMBER) {
      if (numberAt(text, from, p, to, found)) continue;
    } else {
      if (markAt(text, free, p, to, b, found)) continue;
      if (trigger === OPEN && numberAt(text, from, p, to, found)) continue;
    }
    // The rest of a word begins nothing.
    p++;
    if (trigger <= NUMBER) while (p < to && (CLASS[text[p]] & BYTE.word) !== 0) p++;
  }
  return spans;
}

type Found = (kind: PiiKind, start: number, end: number) => boolean;

/** What begins with a letter at the beginning of a word. */
function wordAt(text: Uint8Array, from: number, p: number, to: number, found: Found): boolean {
  const before = p > from ? text[p - 1] : 32;
  if ((CLASS[before] & BYTE.word) !== 0) return false;
  const b = text[p];
  if (before !== 45 && mayBeginKey(b) && found('secret', p, keyEnd(text, p, to))) return true;
  if (found('iban', p, ibanEnd(text, p, to))) return true;
  if ((CLASS[b] & BYTE.hex) !== 0 && found('mac', p, macEnd(text, p, to))) return true;
  // name AT host: the sign is a word.
  if (b === 65 && p > from && before === 32 && text[p + 1] === 84 && text[p + 2] === 32) {
    const spelled = spelledEmailAt(text, from, p - 1, to);
    if (spelled && found('email', spelled.start, spelled.end)) return true;
  }
  return false;
}

/** What is told by a mark: what stands before it was passed already. */
function markAt(text: Uint8Array, free: number, p: number, to: number, b: number, found: Found): boolean {
  if (b === 64) {
    const email = emailAt(text, free, p, to);
    return email !== null && found('email', email.start, email.end);
  }
  if (b === 37) {
    const email = escapedEmailAt(text, free, p, to);
    return email !== null && found('email', email.start, email.end);
  }
  if (b === 58 && text[p + 1] === 47 && text[p + 2] === 47) {
    const url = credentialsAt(text, p + 3, to);
    return url !== null && found('credentials', url.start, url.end);
  }
  if (b === 58 || b === 61) {
    const value = assignedAt(text, free, p, to);
    return value !== null && found('secret', value.start, value.end);
  }
  if (b === 45) return text[p + 4] === 45 && found('secret', p, pemEnd(text, p, to));
  if ((b === 91 || b === 40 || b === 123 || b === 60) && (text[p + 1] | 32) === 97) {
    const spelled = spelledEmailAt(text, free, p, to);
    return spelled !== null && found('email', spelled.start, spelled.end);
  }
  return false;
}

/** What begins with a digit, a `+` or a `(`. */
function numberAt(text: Uint8Array, from: number, p: number, to: number, found: Found): boolean {
  const digit = has(text, p, BYTE.digit);
  const before = p > from ? text[p - 1] : 32;
  if (digit) {
    const apart = (CLASS[before] & BYTE.word) === 0 && before !== 46 && before !== 45;
    if (apart && found('ipv4', p, ipv4End(text, from, p, to))) return true;
    if (apart && before !== 58 && found('ipv6', p, ipv6End(text, p, to))) return true;
    if (apart && before !== 58 && found('mac', p, macEnd(text, p, to))) return true;
  }
  if (!mayBegin(text, from, p)) return false;
  const groups = groupsAt(text, p, to);
  if (groups.start.length === 0) return false;
  return (
    found('card', p, cardEnd(text, groups, to)) ||
    found('ssn', p, ssnEnd(text, groups, to)) ||
    found('phone', p, phoneEnd(text, groups, from, to))
  );
}
