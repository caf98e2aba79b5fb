import { BYTE, CLASS, has } from './bytes.ts';

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

/** End of an IBAN that begins at `at`, with or without spaces, whose check digits are right; -1: there is none. */
export function ibanEnd(text: Uint8Array, at: number, to: number): number {
  if (!has(text, at + 1, BYTE.upper) || !has(text, at + 2, BYTE.digit) || !has(text, at + 3, BYTE.digit)) return -1;
  const length = LENGTHS.get(String.fromCharCode(text[at], text[at + 1]));
  if (length === undefined) return -1;
  const chars: number[] = [];
  let p = at;
  for (; p < to && chars.length < length; p++) {
    const b = text[p];
    if ((CLASS[b] & (BYTE.upper | BYTE.digit)) !== 0) chars.push(b);
    else if ((b !== 32 && b !== 45) || !has(text, p + 1, BYTE.upper | BYTE.digit)) return -1;
  }
  if (chars.length < length || (p < to && has(text, p, BYTE.word))) return -1;
  let rest = 0;
  for (const b of [...chars.slice(4), ...chars.slice(0, 4)])
    rest = b < 65 ? (rest * 10 + b - 48) % 97 : (rest * 100 + b - 55) % 97;
  return rest === 1 ? p : -1;
}
