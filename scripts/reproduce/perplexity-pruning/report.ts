// Table and picture of reproduce-perplexity-pruning.ts.
import { studentT } from '../../../src/training/statistics/student-t.ts';
import { afterHolm, chanceOf, type Spread, spreadOf, type Verdict, verdictOf } from './paired-differences.ts';

export interface ArmResult {
  readonly arm: string;
  readonly criterion: 'all' | 'random' | 'low' | 'medium' | 'high';
  readonly rate: number;
  readonly seed: number;
  readonly documents: number;
  readonly tokens: number;
  readonly epochs: number;
  /** Held-out, by domain. */
  readonly bitsPerByte: Readonly<Record<string, number>>;
  readonly cloze: { readonly accuracy: number; readonly bitsPerWord: number };
  /** Share of the documents, by domain. */
  readonly share: Readonly<Record<string, number>>;
}

export interface Study {
  readonly settings: {
    readonly [setting: string]: unknown;
    readonly finalTokens: number;
    readonly seeds: readonly number[];
    readonly smoke: boolean;
  };
  readonly documents: Readonly<Record<string, number>>;
  readonly domains: readonly string[];
  readonly results: readonly ArmResult[];
}

type Measure = (r: ArmResult) => number;
const accuracy: Measure = (r) => 100 * r.cloze.accuracy;
const wordBits: Measure = (r) => r.cloze.bitsPerWord;
/** Mean over the domains without noise. */
const cleanBits: Measure = ({ bitsPerByte }) => {
  const clean = Object.entries(bitsPerByte).filter(([d]) => d !== 'web_noise');
  return clean.reduce((s, [, v]) => s + v, 0) / clean.length;
};

const armsOf = ({ results }: Study): string[] => [...new Set(results.map((r) => r.arm))];
const comparedArms = (study: Study): string[] => armsOf(study).filter((arm) => !arm.startsWith('random'));
const ofArm = ({ results }: Study, arm: string): ArmResult[] => results.filter((r) => r.arm === arm);

/** Differences to the random part of the same rate (for the whole pool: to the random half), seed by seed. */
export function differences(study: Study, arm: string, measure: Measure): Spread {
  const pairs = ofArm(study, arm).map((r) => {
    const rate = r.rate === 1 ? 0.5 : r.rate;
    const baseline = study.results.find((b) => b.criterion === 'random' && b.rate === rate && b.seed === r.seed);
    if (!baseline) throw new Error(`expected a random arm of rate ${rate} and seed ${r.seed}`);
    return measure(r) - measure(baseline);
  });
  const spread = spreadOf(pairs);
  return measure === accuracy ? { mean: spread.mean, error: Math.hypot(spread.error, itemError(study, arm)) } : spread;
}

/**
 * Standard error, in points, that a difference of accuracies has from the choice of items, which all seeds share: three
 * right of 700 are no effect.
 */
function itemError(study: Study, arm: string): number {
  const mean = (results: readonly ArmResult[]): number =>
    results.reduce((sum, r) => sum + r.cloze.accuracy, 0) / results.length;
  const of = ofArm(study, arm);
  const random = study.results.filter(
    (r) => r.criterion === 'random' && r.rate === (of[0].rate === 1 ? 0.5 : of[0].rate),
  );
  const [p, q] = [mean(of), mean(random)];
  return 100 * Math.sqrt((p * (1 - p) + q * (1 - q)) / study.documents.cloze);
}

/**
 * A difference to random, what it says by itself, and its chance alone and when all differences of the measure are
 * looked at.
 */
interface Finding extends Spread {
  readonly verdict: Verdict;
  readonly chance: number;
  readonly holm: number;
}

/** By arm: all that are compared with random. */
export function findingsOf(study: Study, measure: Measure, sign: 1 | -1): ReadonlyMap<string, Finding> {
  const seeds = study.settings.seeds.length;
  const compared = comparedArms(study);
  const spreads = compared.map((arm) => differences(study, arm, measure));
  const chances = spreads.map((s) => chanceOf(s, seeds));
  const holm = afterHolm(chances);
  return new Map(
    spreads.map((s, i) => {
      const verdict = verdictOf(s, seeds, sign);
      return [compared[i], { ...s, verdict, chance: chances[i], holm: holm[i] }] as const;
    }),
  );
}

const inWords = ({ verdict, chance, holm }: Finding): string =>
  verdict === 'not shown'
    ? verdict
    : `${verdict} (p ${chance.toFixed(4)}), ${holm < 0.05 ? 'also' : 'not'} after Holm (p ${holm.toFixed(3)})`;

const signed = ({ mean, error }: Spread, digits: number): string =>
  `${mean < 0 ? '-' : '+'}${Math.abs(mean).toFixed(digits)} ± ${error.toFixed(digits)}`;
const plain = (values: readonly number[], digits: number): string => spreadOf(values).mean.toFixed(digits);

export function markdownOf(study: Study): string {
  const { seeds, finalTokens, smoke } = study.settings;
  const arms = armsOf(study);
  const [cloze, bits] = [findingsOf(study, accuracy, 1), findingsOf(study, cleanBits, -1)];
  const comparisons = cloze.size;
  const rows = arms.map((arm) => {
    const of = ofArm(study, arm);
    const cells = [
      arm,
      plain(
        of.map((r) => r.epochs),
        2,
      ),
      plain(of.map(accuracy), 2),
      plain(of.map(wordBits), 3),
      plain(of.map(cleanBits), 4),
    ];
    const [a, b] = [cloze.get(arm), bits.get(arm)];
    if (!a || !b) return [...cells, '', '', ''];
    return [...cells, signed(a, 2), signed(b, 4), `cloze: ${inWords(a)}; bits: ${inWords(b)}`];
  });
  const domains = arms.map((arm) => [
    arm,
    ...study.domains.map((d) =>
      plain(
        ofArm(study, arm).map((r) => r.bitsPerByte[d]),
        3,
      ),
    ),
  ]);
  const shares = arms.map((arm) => [
    arm,
    ...study.domains.map((d) =>
      plain(
        ofArm(study, arm).map((r) => 100 * (r.share[d] ?? 0)),
        1,
      ),
    ),
  ]);
  return `# Pruning by perplexity: ${smoke ? 'smoke test, the numbers mean nothing' : 'results'}

Final models trained from scratch on ${finalTokens} tokens each, ${seeds.length} paired seeds. Differences to the \
random part of the same rate (the whole
pool: to the random half), seed by seed: mean ± standard error (of cloze, with that of the choice of items).

A difference is shown where it is more than ${studentT(seeds.length - 1).toFixed(2)} standard errors from 0: the 95 \
% range by Student's t of ${seeds.length} seeds. ${comparisons} comparisons were made of each
measure, so that ${(0.05 * comparisons).toFixed(1)} of each would be shown by chance alone were there no effect; \
*also after Holm* is what stays when that is corrected for (p
below 0.05 among the ${comparisons} of its measure).

Cloze: the last word of held-out sentences (3 to 12 letters), right when the greedy bytes are the word and then no \
letter. Bits per byte: mean over
the held-out domains but web_noise. A lower number there is no success of pruning: what the paper compares is the task.

${table(
  ['arm', 'epochs', 'cloze %', 'bits a word', 'bits a byte', 'cloze, difference', 'bits a byte, difference', 'verdict'],
  rows,
)}
Held-out bits per byte by domain

${table(['arm', ...study.domains], domains)}
Share of the documents by domain, in %

${table(['arm', ...study.domains], shares)}`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((r) => `| ${r.join(' | ')} |\n`).join('');

const COLOURS = { all: '#555555', low: '#0072b2', medium: '#009e73', high: '#d55e00' } as const;

/** Differences to the random baseline by rate, two panels; bars are 95 % ranges. */
export function svgOf(study: Study): string {
  const panels = [
    { title: 'Cloze accuracy, difference to random in points (up is better)', measure: accuracy },
    { title: 'Held-out bits per byte, difference to random (down is better)', measure: cleanBits },
  ].map(({ title, measure }, i) => panel(study, title, measure, 20 + i * 470));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="960" height="360" font-family="sans-serif" font-size="12">
<rect width="960" height="360" fill="white"/>
${panels.join('\n')}
</svg>
`;
}

function panel(study: Study, title: string, measure: Measure, left: number): string {
  const seeds = study.settings.seeds.length;
  const quantile = studentT(seeds - 1);
  const points = armsOf(study).flatMap((arm) => {
    const { criterion, rate } = ofArm(study, arm)[0];
    return criterion === 'random' ? [] : [{ criterion, rate, ...differences(study, arm, measure) }];
  });
  const reach = 1.1 * Math.max(1e-6, ...points.map((p) => Math.abs(p.mean) + quantile * (p.error || 0)));
  const x = (rate: number): number => left + 60 + (rate - 0.2) * 440;
  const y = (value: number): number => 180 - (value / reach) * 120;
  const lines = (['low', 'medium', 'high', 'all'] as const).map((criterion, i) => {
    const own = points.filter((p) => p.criterion === criterion).sort((a, b) => a.rate - b.rate);
    const shift = (i - 1) * 6;
    const marks = own.map((p) => {
      const [px, error] = [(x(p.rate) + shift).toFixed(1), quantile * (p.error || 0)];
      return (
        `<line x1="${px}" x2="${px}" y1="${y(p.mean - error).toFixed(1)}" ` +
        `y2="${y(p.mean + error).toFixed(1)}"/><circle cx="${px}" cy="${y(p.mean).toFixed(1)}" r="4"/>`
      );
    });
    const path = own.map((p) => `${(x(p.rate) + shift).toFixed(1)},${y(p.mean).toFixed(1)}`).join(' ');
    const legend =
      `<text x="${left + 60 + i * 80}" y="345" ` +
      `stroke="none">${criterion === 'all' ? 'whole pool' : criterion}</text>`;
    return (
      `<g stroke="${COLOURS[criterion]}" fill="${COLOURS[criterion]}"><polyline points="${path}" ` +
      `fill="none"/>${marks.join('')}${legend}</g>`
    );
  });
  const ticks = [-reach / 1.1, 0, reach / 1.1].map(
    (v) => `<text x="${left + 50}" y="${y(v) + 4}" text-anchor="end">${v.toPrecision(2)}</text>`,
  );
  const rates = [0.25, 0.5, 0.75, 1].map((r) => `<text x="${x(r)}" y="322" text-anchor="middle">${r * 100} %</text>`);
  const bars = `<text x="${left}" y="48" font-size="11">Bars: 95 % range by Student's t, ${seeds} seeds</text>`;
  return (
    `<text x="${left}" y="30" font-size="13">${title}</text>${bars}` +
    `<line x1="${left + 56}" x2="${x(1) + 12}" y1="180" y2="180" stroke="#999"/>
${[...ticks, ...rates, ...lines].join('\n')}`
  );
}
