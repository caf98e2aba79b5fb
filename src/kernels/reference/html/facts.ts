import type { Attributes } from './attributes.ts';
import type { FactName, Span } from './page.ts';

/** What a meta or link element tells, by its name in lower case. */
export const META_FACTS: Readonly<Record<string, FactName>> = {
  'og:title': 'openGraphTitle',
  canonical: 'canonical',
  'og:url': 'openGraphUrl',
  'article:published_time': 'date',
  datepublished: 'date',
  'dc.date': 'date',
  'dc.date.issued': 'date',
  'parsely-pub-date': 'date',
  'content-language': 'locale',
  'og:locale': 'locale',
};

export function metaFact(html: Uint8Array, { name, value }: Attributes): { name: FactName; span: Span } | null {
  const length = name.end - name.start;
  if (length === 0 || length > 24 || value.end <= value.start) return null;
  let word = '';
  for (let i = name.start; i < name.end; i++) {
    const c = html[i];
    word += String.fromCharCode(c >= 0x41 && c <= 0x5a ? c | 32 : c);
  }
  return Object.hasOwn(META_FACTS, word) ? { name: META_FACTS[word], span: value } : null;
}

/** The string value of a key in JSON, as it is written; null where there is none. */
export function spanOf(html: Uint8Array, from: number, to: number, key: string): Span | null {
  for (let at = html.indexOf(0x22, from); at >= 0 && at + key.length < to; at = html.indexOf(0x22, at + 1)) {
    let n = 1;
    while (n < key.length && html[at + n] === key.charCodeAt(n)) n++;
    if (n < key.length) continue;
    let i = at + n;
    while (i < to && (html[i] <= 0x20 || html[i] === 0x3a)) i++;
    if (i >= to || html[i] !== 0x22) continue;
    const end = html.indexOf(0x22, i + 1);
    return end < 0 || end > to || end - i > 64 ? null : { start: i + 1, end };
  }
  return null;
}
