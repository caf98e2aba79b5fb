import { ALNUM, BYTE, CLASS, has } from './bytes.ts';

const LETTER = BYTE.upper | BYTE.lower;

/** Length of an IBAN of each country (SWIFT, IBAN registry). */
const LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 ' +
    'LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 ' +
    'QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);

/** In small letters only as most are: up to four letters of a bank, then digits. A name or a hash has others. */
const SMALL = /^[A-Z]{0,4}[0-9]+$/;
const GROUP = 4;

/**
 * End of an IBAN that begins at `at`, with or without spaces, whose check digits are right; -1: there is none. One with
 * small letters has groups of four, or none.
 */
export function ibanEnd(text: Uint8Array, at: number, to: number): number {
  if (!has(text, at + 1, LETTER) || !has(text, at + 2, BYTE.digit) || !has(text, at + 3, BYTE.digit)) return -1;
  const length = LENGTHS.get(String.fromCharCode(text[at] & ~32, text[at + 1] & ~32));
  if (length === undefined) return -1;
  let chars = '';
  let small = false;
  let odd = false;
  let p = at;
  while (p < to && chars.length < length) {
    const b = text[p];
    if ((CLASS[b] & ALNUM) !== 0) {
      small ||= (CLASS[b] & BYTE.lower) !== 0;
      chars += String.fromCharCode(b);
      p++;
    } else {
      const gap = gapAt(text, p);
      if (gap === 0 || !has(text, p + gap, ALNUM)) return -1;
      odd ||= chars.length % GROUP !== 0;
      p += gap;
    }
  }
  if (chars.length < length || (p < to && has(text, p, BYTE.word))) return -1;
  const own = chars.toUpperCase();
  if (small && (odd || !SMALL.test(own.slice(4)))) return -1;
  let rest = 0;
  for (const c of own.slice(4) + own.slice(0, 4)) rest = (rest * (c < 'A' ? 10 : 100) + Number.parseInt(c, 36)) % 97;
  return rest === 1 ? p : -1;
}

/** Bytes of a space, also one that does not break a line, or of a hyphen. */
function gapAt(text: Uint8Array, at: number): number {
  const b = text[at];
  if (b === 32 || b === 45) return 1;
  if (b === 0xc2 && text[at + 1] === 0xa0) return 2;
  return b === 0xe2 && text[at + 1] === 0x80 && (text[at + 2] === 0xaf || text[at + 2] === 0x89) ? 3 : 0;
}
