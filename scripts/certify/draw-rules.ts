// How far the shares drawn are from the integral of the weights, for rules of drawing and kinds of change: the most
// that a domain was owed / was ahead. Run: node --import tsx scripts/certify/draw-rules.ts [slots]
import { nextDomain } from '../../src/mixture/draw.ts';
import { seededRandom } from '../../src/random.ts';

type Rule = (owed: readonly number[], weights: readonly number[]) => number;
const slots = Number(process.argv[2] ?? 10_000);

const largestDebt: Rule = (owed, weights) =>
  owed.reduce((best, o, i) => (weights[i] > 0 && (best < 0 || o > owed[best]) ? i : best), -1);

/** Tijdeman's rule alone, also where several domains are late. */
const tijdeman: Rule = (owed, weights) => {
  const least = owed.length > 1 ? 1 / (2 * owed.length - 2) : 0;
  const deadline = (i: number) => (owed[i] < least - 1e-9 ? Infinity : (1 - least - owed[i]) / weights[i]);
  return owed.reduce((best, _, i) => (deadline(i) < deadline(best) ? i : best), 0);
};
const rules: Record<string, Rule> = { 'this rule': nextDomain, tijdeman, 'largest debt': largestDebt };

const bounds = (n: number) => {
  const harmonic = Array.from({ length: n - 1 }, (_, i) => 1 / (i + 2)).reduce((a, b) => a + b, 0);
  return `${n} domains; 1 - 1/(2n - 2) = ${(1 - 1 / (2 * n - 2)).toFixed(3)}; 1/2 + ... + 1/n = ${harmonic.toFixed(3)}`;
};

for (const n of [2, 4, 8, 20]) {
  console.log(bounds(n));
  for (const [name, rule] of Object.entries(rules)) {
    let line = name.padEnd(14);
    for (const kind of ['constant', 'rare', 'often', 'every slot', 'poured']) {
      let [most, ahead] = [0, 0];
      for (let seed = 0; seed < 10; seed++) {
        const random = seededRandom(seed, `${kind} ${n}`);
        const changed = () => Array.from({ length: n }, () => Math.exp(2 * random.normal()));
        let weights = changed();
        let waiting = new Set<number>();
        const owed = weights.map(() => 0);
        for (let t = 0; t < slots; t++) {
          const chance = { constant: 0, rare: 0.01, often: 0.1, 'every slot': 1 }[kind];
          if (chance === undefined) {
            if (waiting.size === 0) waiting = new Set(owed.keys());
            weights = owed.map((_, i) => (waiting.has(i) ? 1 : 1e-6));
          } else if (random.uniform() < chance) weights = changed();
          const sum = weights.reduce((a, b) => a + b, 0);
          const shares = weights.map((w) => w / sum);
          for (let i = 0; i < n; i++) owed[i] += shares[i];
          const drawn = rule(owed, shares);
          owed[drawn] -= 1;
          waiting.delete(drawn);
          for (const o of owed) [most, ahead] = [Math.max(most, o), Math.max(ahead, -o)];
        }
      }
      line += `  ${kind} ${most.toFixed(2)}/${ahead.toFixed(2)}`;
    }
    console.log(line);
  }
}
