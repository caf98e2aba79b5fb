import { readdirSync, readFileSync } from 'node:fs';
import { decompress } from 'fzstd';
import type { Random } from '../src/random.ts';
import { generator, prose } from '../test/helpers/corpus.ts';

const pick = (random: Random, of: readonly string[]): string => of[random.below(of.length)];
const title = (random: Random): string =>
  prose(() => random.uniform(), 3 + random.below(5))
    .replace(/[.,]/g, '')
    .replace(/\s+/g, ' ');

/** Lines that are planted between the lines of a document, by kind. */
export const LINES: Readonly<Record<string, (random: Random, document: number) => string>> = {
  menu: (r) => `Home | ${title(r)} | ${pick(r, ['Shop', 'News', 'Blog'])} | Contact`,
  cookies: (r) => pick(r, ['We use cookies to improve this site.', 'By using this site you accept our terms.']),
  buttons: (r) => pick(r, ['Read more', 'Click here', 'Share this on your wall', 'Sign up for our letter', 'Log in']),
  links: (r) => `https://example.org/${title(r).replace(/ /g, '-')}`,
  rights: (r) => `\u00a9 ${2000 + r.below(25)} ${title(r)}. All rights reserved.`,
  repeated: (_, d) => `You are reading page ${d} of the archive`,
  symbols: (r) => Array.from({ length: 30 }, () => pick(r, [...'#%*@~0123456789/\\<>'])).join(''),
  headlines: (r) => title(r),
  offers: (r) => `${title(r)} now only ${1 + r.below(99)}.99 while stocks last`,
  bylines: (r) => `${title(r)}, ${1 + r.below(28)} May ${1990 + r.below(30)}, ${r.below(12)} min`,
};

/** A line, and whether it was planted. */
export interface MixedLine {
  readonly line: string;
  readonly noise: boolean;
}

/** A document with lines of a kind before a share of its own. */
export const planted = (
  lines: readonly string[],
  make: (random: Random, document: number) => string,
  { rate, random, document }: { readonly rate: number; readonly random: Random; readonly document: number },
): MixedLine[] =>
  lines.flatMap((line) =>
    random.uniform() < rate
      ? [
          { line: make(random, document), noise: true },
          { line, noise: false },
        ]
      : [{ line, noise: false }],
  );

/** Our own made prose, as lines. */
export function madeDocuments(count: number, seed: number): string[][] {
  const random = generator(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 6 + Math.floor(random() * 10) }, () =>
      prose(random, 15 + Math.floor(random() * 40)).replace(/\s+/g, ' '),
    ),
  );
}

/** Documents of a folder of packed JSON lines, as lines; those of some files by a pattern, every n-th. */
export function corpusDocuments(folder: string, files: RegExp, count: number): string[][] {
  const names = readdirSync(folder).filter((f) => f.endsWith('.zst') && files.test(f));
  const each = Math.ceil(count / Math.max(1, names.length));
  return names.flatMap((name) => {
    const lines = Buffer.from(decompress(readFileSync(`${folder}/${name}`)))
      .toString()
      .trimEnd()
      .split('\n');
    const step = Math.max(1, Math.floor(lines.length / each));
    return lines
      .filter((_, i) => i % step === 0)
      .slice(0, each)
      .map((l) => (JSON.parse(l) as { text: string }).text.slice(0, 20_000).split('\n'));
  });
}
