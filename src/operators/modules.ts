import { ConfigError } from '../errors.ts';

/** Modules of Sluice that a descriptor may name; a plain table, so that a worker loads only what a recipe uses. */
const builtIn: { readonly [name: string]: () => Promise<object> } = {
  'sluice:annotate': () => import('./annotate.ts'),
  'sluice:drop': () => import('./drop-stage.ts'),
  'sluice:statistics': () => import('./annotators/statistics.ts'),
  'sluice:code-statistics': () => import('./annotators/code-statistics.ts'),
  'sluice:profiles': () => import('./annotators/profiles.ts'),
  'sluice:ngram-perplexity': () => import('./annotators/ngram-perplexity.ts'),
  'sluice:select-rank': () => import('./select/by-rank.ts'),
  'sluice:select-buckets': () => import('./select/buckets.ts'),
  'sluice:c4': () => import('./rewrite/c4.ts'),
  'sluice:decontaminate': () => import('./decontaminate/stage.ts'),
  'sluice:perplexity': () => import('./perplexity/perplexity.ts'),
  'sluice:dedup-bloom': () => import('./dedup/bloom.ts'),
  'sluice:dedup-url': () => import('./dedup/url.ts'),
  'sluice:dedup-exact': () => import('./dedup/exact.ts'),
  'sluice:dedup-minhash': () => import('./dedup/minhash/minhash.ts'),
  'sluice:dedup-normalized': () => import('./dedup/normalized.ts'),
  'sluice:dedup-paragraphs': () => import('./dedup/spans/paragraphs.ts'),
  'sluice:dedup-lines': () => import('./dedup/spans/lines.ts'),
  'sluice:dedup-sentences': () => import('./dedup/spans/sentences.ts'),
  'sluice:dedup-boilerplate': () => import('./dedup/spans/boilerplate.ts'),
  'sluice:dedup-substring': () => import('./dedup/spans/substring.ts'),
};

/** Imports an export by the names that stand in a descriptor. */
export async function loadExport<T>(module: string, name: string): Promise<T> {
  const load = builtIn[module];
  if (!load && module.startsWith('sluice:')) {
    throw new ConfigError({
      expected: `one of ${Object.keys(builtIn).join(', ')}`,
      got: module,
      where: 'step descriptor',
    });
  }
  const loaded = (load ? await load() : await import(module)) as { readonly [key: string]: unknown };
  if (loaded[name] === undefined) {
    throw new ConfigError({
      expected: `an export ${name}`,
      got: `only ${Object.keys(loaded).join(', ')}`,
      where: module,
    });
  }
  return loaded[name] as T;
}
