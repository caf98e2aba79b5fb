import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A page of the benchmark Murrough-Foley/web-content-extraction-benchmark (WCXB), development part. */
export interface LabelledPage {
  readonly id: string;
  readonly url: string;
  /** article, forum, product, collection, listing, documentation or service. */
  readonly type: string;
  /** UTF-8. */
  readonly html: Uint8Array;
  /** The main content, as people marked it. */
  readonly truth: string;
}

interface Truth {
  readonly url?: string;
  readonly _internal?: { readonly page_type?: { readonly primary?: string } };
  readonly ground_truth: { readonly main_content?: string | null };
}

/** The pages below `dev/` of a copy of the benchmark, by their number. */
export function* devPages(folder: string): Generator<LabelledPage> {
  const names = readdirSync(`${folder}/dev/html`).filter((name) => name.endsWith('.html.gz'));
  for (const name of names.sort()) {
    const id = name.slice(0, -'.html.gz'.length);
    const truth = JSON.parse(readFileSync(`${folder}/dev/ground-truth/${id}.json`, 'utf8')) as Truth;
    const type = truth._internal?.page_type?.primary ?? 'article';
    const raw = gunzipSync(readFileSync(`${folder}/dev/html/${name}`));
    yield {
      id,
      url: truth.url ?? 'http://none.example/',
      type: type === 'category' ? 'collection' : type,
      // As its own script reads it: bytes that are no UTF-8 are replaced.
      html: Buffer.from(raw.toString('utf8')),
      truth: truth.ground_truth.main_content ?? '',
    };
  }
}

/** Words as the script of the benchmark counts them. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];

/** Words of `got` that are wanted, wanted words that are got, and the F1 of the benchmark. */
export interface WordScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Words that two texts share. */
export function wordScores(got: string, want: string): WordScores {
  const [a, b] = [wordsOf(got), wordsOf(want)];
  if (a.length === 0 || b.length === 0) {
    const all = a.length === b.length ? 1 : 0;
    return { precision: all, recall: all, f1: all };
  }
  const left = new Map<string, number>();
  for (const w of b) left.set(w, (left.get(w) ?? 0) + 1);
  let both = 0;
  for (const w of a) {
    const n = left.get(w) ?? 0;
    if (n === 0) continue;
    both++;
    left.set(w, n - 1);
  }
  return { precision: both / a.length, recall: both / b.length, f1: (2 * both) / (a.length + b.length) };
}

/** Host of a page, without `www.`. */
export const siteOf = (url: string): string => /^(?:[a-z]+:\/\/)?(?:www\.)?([^/]*)/i.exec(url)?.[1] ?? '';

/** The half of the pages that a site belongs to: A is trained on, B is not. */
export function halfOf(url: string): 'A' | 'B' {
  const digest = createHash('md5').update(siteOf(url)).digest();
  return digest[digest.length - 1] % 2 === 0 ? 'A' : 'B';
}
