// Do signatures hold what the LSH curve promises? Made pairs at many true similarities, by bins, over seeds:
//   npx tsx scripts/score/lsh-curve.ts [--pairs 40000] [--seeds 6]
// Prints the share of pairs with a band in common beside the curve, the difference in standard deviations of chance,
// and how far the share of equal signature values is from the true Jaccard similarity on average.
import { parseArgs } from 'node:util';
import { openMinhashKernel } from '../../src/kernels/minhash.ts';
import { candidateProbability } from '../../src/operators/dedup/minhash/minhash-curve.ts';
import { jaccard, shingleSet } from '../../src/operators/dedup/minhash/shingle-sets.ts';
import { generator, prose } from '../../test/helpers/corpus.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '40000' }, seeds: { type: 'string', default: '6' } },
});
const [bands, rows] = [14, 8];

for (const method of ['minhash', 'oph'] as const) {
  const bins = Array.from({ length: 20 }, () => ({ pairs: 0, shared: 0, curve: 0, variance: 0, estimate: 0 }));
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const kernel = await openMinhashKernel({ unit: 'words', size: 5, bands, rows, method, seed });
    const random = generator(100 + seed);
    for (let i = 0; i < Number(values.pairs); i++) {
      const words = prose(random, 60 + Math.floor(random() * 240)).split(/\s+/);
      const rate = 0.02 + random() * 0.08;
      const changed = words.map((w) => (random() < rate ? `w${Math.floor(random() * 1e6)}` : w));
      const [a, b] = [Buffer.from(words.join(' ')), Buffer.from(changed.join(' '))];
      const offsets = Int32Array.of(0, a.length, a.length + b.length);
      const { keys, signatures, signatureLength } = kernel.keys(Buffer.concat([a, b]), offsets, 2, null, true);
      const j = jaccard(shingleSet(kernel.shingles(a)), shingleSet(kernel.shingles(b)));
      const bin = bins[Math.min(19, Math.floor(j * 20))];
      const p = candidateProbability(j, bands, rows);
      let equal = 0;
      for (let k = 0; k < bands * rows; k++) if (signatures![k] === signatures![signatureLength + k]) equal++;
      bin.pairs++;
      bin.shared += Array.from({ length: bands }, (_, k) => keys[2 * k] === keys[2 * k + 1]).includes(true) ? 1 : 0;
      bin.curve += p;
      bin.variance += p * (1 - p);
      bin.estimate += equal / (bands * rows) - j;
    }
  }
  console.log(`${method}: true Jaccard   pairs  share a band  LSH curve  deviations  estimate - true`);
  for (const [k, { pairs, shared, curve, variance, estimate }] of bins.entries()) {
    if (pairs < 200) continue;
    const deviations = (shared - curve) / Math.sqrt(variance);
    console.log(
      `${(k / 20).toFixed(2)} ${String(pairs).padStart(8)} ${(shared / pairs).toFixed(4)} ` +
        `${(curve / pairs).toFixed(4)} ${deviations.toFixed(2).padStart(6)} ` +
        `${(estimate / pairs).toFixed(5).padStart(9)}`,
    );
  }
}
