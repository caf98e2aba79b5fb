// Near-duplicate removal against planted copies: npx tsx scripts/score/dedup.ts [--json] [--threshold 0.7] [--method
// minhash|oph] Data: planted/dups of $SLUICE_CORPORA or ../shared/corpora beside the clone. Its true Jaccard is that of
// the sets of 5-word shingles over lower-case words of \w+ (Python); ours are the same but for accents, which do not
// count, and scripts without spaces: the mean difference is printed.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { from, lastValueFrom, tap } from 'rxjs';
import { openMinhashKernel } from '../../src/kernels/minhash.ts';
import { minhash } from '../../src/operators/dedup/minhash/minhash.ts';
import { candidateProbability } from '../../src/operators/dedup/minhash/minhash-curve.ts';
import { jaccard, type ShingleSet, shingleSet } from '../../src/operators/dedup/minhash/shingle-sets.ts';
import { normalized } from '../../src/operators/dedup/normalized.ts';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, utf8Column } from '../../src/streams/batch/columns.ts';
import type { Operator } from '../../src/streams/operator.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    threshold: { type: 'string', default: '0.7' },
    method: { type: 'string', default: 'minhash' },
    seed: { type: 'string', default: '1' },
    scope: { type: 'string', default: 'global' },
  },
});
const threshold = Number(options.threshold);
const method = options.method as 'minhash' | 'oph';
const scope = options.scope as 'global' | 'streaming';
const seed = Number(options.seed);
const folder = join(
  process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora'),
  'planted/dups',
);

interface Pair {
  readonly kind: string;
  readonly a: string;
  readonly b: string;
  readonly jaccard_word5?: number;
  readonly negative?: boolean;
  readonly cluster?: number;
  readonly word_edit_rate?: number;
}
const documents: { id: string; text: string }[] = readdirSync(folder)
  .filter((f) => /^docs.*\.zst$/.test(f))
  .sort()
  .flatMap((f) =>
    Buffer.from(decompress(readFileSync(join(folder, f))))
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string; text: string }),
  );
const truth = readFileSync(join(folder, 'truth.jsonl'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Pair);
const numberOf = new Map(documents.map((d, i) => [d.id, i]));

/** Documents in input order; the position is the number. */
function* batches(): Generator<DocumentBatch> {
  const each = 500;
  for (let start = 0; start < documents.length; start += each) {
    const part = documents.slice(start, start + each);
    const rows = part.length;
    const zeros = new BigInt64Array(rows);
    yield new DocumentBatch({
      rows,
      split: 0,
      sequence: start / each,
      columns: new Map<string, Column>([
        ['file', utf8Column(part.map(() => 'f'))],
        ['block', { type: 'int64', values: zeros, valid: null }],
        ['offset', { type: 'int64', values: zeros.map((_, i) => BigInt(start + i)), valid: null }],
        ['row', { type: 'uint32', values: Uint32Array.from(part, (_, i) => start + i), valid: null }],
        ['id', utf8Column(part.map((d) => d.id))],
        ['text', utf8Column(part.map((d) => d.text))],
        ['domain', utf8Column(part.map(() => 'd'))],
        ['metadata', utf8Column(part.map(() => '{}'))],
      ]),
    });
  }
}

interface Dropped {
  readonly survivor: number;
  readonly similarity: number;
}

/** Runs the operator in a plain pipe; what became of each document. */
async function droppedBy(operator: Operator): Promise<Map<number, Dropped>> {
  const dropped = new Map<number, Dropped>();
  await lastValueFrom(
    from(batches()).pipe(
      operator,
      tap((batch) => {
        const verdict = batch.verdicts[0];
        const offset = batch.number('offset').values as BigInt64Array;
        for (let i = 0; i < batch.rows; i++) {
          if (verdict.rule[i] < 0) continue;
          const survivor = Number(verdict.duplicateOf![i]!.split('.')[1]);
          dropped.set(Number(offset[i]), { survivor, similarity: verdict.similarity![i] });
        }
      }),
    ),
  );
  return dropped;
}

const kernel = await openMinhashKernel({ unit: 'words', size: 5, bands: 14, rows: 8, method, seed });
const texts = utf8Column(documents.map((d) => d.text));
const { keys } = kernel.keys(texts.values, texts.offsets, documents.length, null);
const isCandidate = (a: number, b: number): boolean => {
  for (let band = 0; band < 14; band++)
    if (keys[band * documents.length + a] === keys[band * documents.length + b]) return true;
  return false;
};
const sets = new Map<number, ShingleSet>();
const ours = (d: number): ShingleSet => {
  let set = sets.get(d);
  if (!set) {
    set = shingleSet(kernel.shingles(Buffer.from(documents[d].text)));
    sets.set(d, set);
  }
  return set;
};

const near = await droppedBy(minhash({ threshold, method, seed, ...(scope === 'global' ? {} : { scope }) }));
const same = await droppedBy(normalized());
const survivorOf = (dropped: Map<number, Dropped>, d: number): number => dropped.get(d)?.survivor ?? d;
const together = (dropped: Map<number, Dropped>, { a, b }: Pair): boolean =>
  survivorOf(dropped, numberOf.get(a)!) === survivorOf(dropped, numberOf.get(b)!);

const nearPairs = truth.filter((p) => p.kind === 'near' && !p.negative);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const bins = [];
for (let low = 0.5; low < 0.999; low += 0.05) {
  const pairs = nearPairs.filter((p) => p.jaccard_word5! >= low - 1e-9 && p.jaccard_word5! < low + 0.05 - 1e-9);
  if (pairs.length === 0) continue;
  const numbers = pairs.map((p) => [numberOf.get(p.a)!, numberOf.get(p.b)!] as const);
  const similar = numbers.map(([a, b]) => jaccard(ours(a), ours(b)));
  const candidates = mean(numbers.map(([a, b]) => (isCandidate(a, b) ? 1 : 0)));
  const chances = pairs.map((p) => candidateProbability(p.jaccard_word5!, 14, 8));
  const curve = mean(chances);
  // What chance alone does to a bin: 95 of 100 seeds lie within it.
  const noise = (2 * Math.sqrt(mean(chances.map((c) => c * (1 - c))))) / Math.sqrt(pairs.length);
  const found = mean(pairs.map((p) => (together(near, p) ? 1 : 0)));
  const limit = mean(
    pairs.map((p) => (p.jaccard_word5! >= threshold ? candidateProbability(p.jaccard_word5!, 14, 8) : 0)),
  );
  const differ = mean(pairs.map((p, i) => Math.abs(p.jaccard_word5! - similar[i])));
  bins.push({ from: Math.round(low * 100) / 100, pairs: pairs.length, candidates, curve, noise, found, limit, differ });
}

/** Lower-case \w+ as Python sees it, near enough: letters, numbers and _. */
const pythonWords = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
const grams = (text: string): Set<string> => {
  const words = pythonWords(text);
  return new Set(words.slice(4).map((_, i) => words.slice(i, i + 5).join(' ')));
};
function trueJaccard(a: number, b: number): number {
  const [x, y] = [grams(documents[a].text), grams(documents[b].text)];
  let common = 0;
  for (const g of x) if (y.has(g)) common++;
  return x.size === 0 || y.size === 0 ? 0 : common / (x.size + y.size - common);
}
const squeezed = (text: string): string => pythonWords(text).join('');
let right = 0;
let least = 1;
let chained = 0;
for (const [d, { survivor, similarity }] of near) {
  least = Math.min(least, similarity);
  if (near.has(survivor)) chained++;
  const j = trueJaccard(d, survivor);
  // Half a percent for the other definition of a word.
  if (j >= threshold - 0.005 || squeezed(documents[d].text) === squeezed(documents[survivor].text)) right++;
}
const share = (dropped: Map<number, Dropped>, pairs: readonly Pair[]): { pairs: number; found: number } => ({
  pairs: pairs.length,
  found: pairs.filter((p) => together(dropped, p)).length,
});
const kind = (name: string): Pair[] => truth.filter((p) => p.kind === name);
const negatives = truth.filter((p) => p.negative);
const chains = kind('near_chain');
const result = {
  documents: documents.length,
  threshold,
  bins,
  exact: { normalized: share(same, kind('exact')), minhash: share(near, kind('exact')) },
  normalized: {
    normalized: share(same, kind('exact_after_normalising')),
    minhash: share(near, kind('exact_after_normalising')),
  },
  dropped: near.size,
  precision: right / near.size,
  leastSimilarity: least,
  survivorsThatWereDropped: chained,
  negatives: share(near, negatives),
  chains: {
    pairs: chains.length,
    ownPairAbove: chains.filter((p) => p.jaccard_word5! >= threshold).length,
    together: chains.filter((p) => together(near, p)).length,
    kept: new Set(chains.flatMap((p) => [p.a, p.b]).filter((id) => !near.has(numberOf.get(id)!))).size,
    documents: new Set(chains.flatMap((p) => [p.a, p.b])).size,
  },
};
if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  const p = (v: number): string => v.toFixed(3).padStart(9);
  out(
    `${result.documents} documents, ${result.dropped} dropped, threshold ${threshold}, ${method}, ` +
      `${scope}, seed ${seed}`,
  );
  out('true Jaccard   pairs  candidates  LSH curve  difference  by chance   dropped  expected  difference  |J - ours|');
  for (const b of bins) {
    out(
      `${b.from.toFixed(2)} to ${(b.from + 0.05).toFixed(2)} ${String(b.pairs).padStart(6)}  ` +
        `${p(b.candidates)}  ${p(b.curve)}  ${p(b.candidates - b.curve)}  ` +
        `${`± ${b.noise.toFixed(3)}`.padStart(9)}  ${p(b.found)} ${p(b.limit)}  ${p(b.found - b.limit)}  ` +
        `${p(b.differ)}`,
    );
  }
  out(
    `exact copies: ${result.exact.normalized.found} of ${result.exact.normalized.pairs} by normalized(), ` +
      `${result.exact.minhash.found} by minhash()`,
  );
  out(
    `equal after normalising: ${result.normalized.normalized.found} of ` +
      `${result.normalized.normalized.pairs} by normalized(), ${result.normalized.minhash.found} by ` +
      'minhash()',
  );
  out(
    `precision ${result.precision.toFixed(5)}; least similarity of a dropped document ` +
      `${least.toFixed(4)}; survivors that were dropped: ${chained}`,
  );
  out(`negatives (half of the words edited) taken for copies: ${result.negatives.found} of ${result.negatives.pairs}`);
  out(
    `chains: ${result.chains.ownPairAbove} of ${result.chains.pairs} neighbours above the threshold, ` +
      `${result.chains.together} together; ${result.chains.kept} of ${result.chains.documents} documents ` +
      'kept',
  );
}
