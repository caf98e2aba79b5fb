/**
 * Writes src/streams/formats/warc/latin-letters.ts: how often each letter beyond ASCII is met in languages of the Latin
 * script, counted on half A of the multilingual corpus; and says how often the charset of texts of half B is guessed
 * rightly from their bytes alone.
 *
 *   npx tsx scripts/make/latin-letters.ts CORPORA
 */
import { writeFileSync } from 'node:fs';
import { guessCharset } from '../../src/streams/formats/warc/guess-charset.ts';
import { languageDocuments } from '../language-documents.ts';

const CHARSETS: Readonly<Record<string, readonly string[]>> = {
  'windows-1250 iso-8859-2': ['cs', 'hr', 'hu', 'pl', 'ro', 'sk', 'sl'],
  'windows-1252': ['ca', 'da', 'de', 'es', 'fi', 'fr', 'is', 'it', 'nb', 'nl', 'no', 'pt', 'sv'],
  'windows-1254': ['tr'],
  'windows-1257': ['et', 'lt', 'lv'],
  'windows-1253 iso-8859-7': ['el'],
};
/** Letters beyond ASCII that a share is of, and the least share that is written. */
const [WHOLE, LEAST] = [1000, 1];
const documents = languageDocuments(process.argv[2]);
/** The charsets of before have no letters with a comma below. */
const older = (text: string): string => text.replace(/[ȘșȚț]/g, (c) => ({ Ș: 'Ş', ș: 'ş', Ț: 'Ţ', ț: 'ţ' })[c] ?? c);
const isLatin = (c: string): boolean => c >= 'À' && c <= 'ž' && c !== '×' && c !== '÷';

const rows: string[] = [];
for (const [charsets, languages] of Object.entries(CHARSETS))
  for (const language of languages) {
    const counts = new Map<string, number>();
    for (const d of documents)
      if (d.language === language && d.half === 'A')
        for (const c of older(d.text)) if (isLatin(c)) counts.set(c, (counts.get(c) ?? 0) + 1);
    const all = [...counts.values()].reduce((a, b) => a + b, 0);
    const letters = [...counts]
      .map(([c, n]) => [c, Math.round((n * WHOLE) / all)] as const)
      .filter(([, n]) => n >= LEAST);
    if (all < 500) continue;
    letters.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const text = letters.map(([c, n]) => c + n).join(' ');
    const parts = text.match(/.{1,96}(?: |$)/g) ?? [];
    rows.push(
      `  {\n    charsets: '${charsets}',\n    letters:\n${parts.map((p) => `      '${p}'`).join(' +\n')},\n  },`,
    );
  }
writeFileSync(
  new URL('../../src/streams/formats/warc/latin-letters.ts', import.meta.url),
  `// Made by scripts/make/latin-letters.ts: do not edit.
/** Of a thousand letters beyond ASCII of a language so many are this one. A language a row. */
export const LATIN_LETTERS: readonly { readonly charsets: string; readonly letters: string }[] = [
${rows.join('\n')}
];
`,
);

/** Bytes of a text in a charset; null where it lacks a character. */
function encoder(charset: string): (text: string) => Buffer | null {
  const decoder = new TextDecoder(charset);
  const table = new Map<string, number>();
  for (let b = 0; b < 256; b++) table.set(decoder.decode(Uint8Array.of(b)), b);
  return (text) => {
    const bytes: number[] = [];
    for (const c of text) {
      const b = table.get(c);
      if (b !== undefined) bytes.push(b);
      else if (isLatin(c)) return null;
      else bytes.push(0x20);
    }
    return Buffer.from(bytes);
  };
}

for (const size of [200, 1000, 8000]) {
  const line: string[] = [];
  for (const [charsets, languages] of Object.entries(CHARSETS))
    for (const charset of charsets.split(' ')) {
      const encode = encoder(charset);
      for (const language of languages) {
        let [right, all] = [0, 0];
        const wrong: Record<string, number> = {};
        for (const d of documents.filter((x) => x.language === language && x.half === 'B')) {
          const bytes = encode(older(d.text).slice(0, size));
          if (bytes === null || bytes.filter((b) => b >= 0x80).length < 3) continue;
          all++;
          const got = guessCharset(bytes, {}) ?? 'none';
          // Another charset that has the same characters there is as good.
          const same = got !== 'none' && new TextDecoder(got).decode(bytes) === new TextDecoder(charset).decode(bytes);
          if (same) right++;
          else wrong[got] = (wrong[got] ?? 0) + 1;
        }
        if (all > 0)
          line.push(`${language} ${charset} ${right}/${all} ${right < all ? JSON.stringify(wrong) : ''}`.trim());
      }
    }
  console.log(`${size} characters\n  ${line.join('\n  ')}`);
}
