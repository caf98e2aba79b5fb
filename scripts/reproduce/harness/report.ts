// Table, findings and picture of a study.
import { intervalChart } from '../../../src/training/charts/interval-chart.ts';
import { markdownTable } from '../../../src/training/charts/markdown.ts';
import { type Interval, pairedInterval, spreadOf } from '../../../src/training/statistics/paired.ts';
import type { Trained } from './train.ts';

/** What a paper says of two arms, as a difference that can be measured. */
export interface Claim {
  readonly says: string;
  readonly measure: string;
  readonly arm: string;
  readonly against: string;
  readonly expects: 'lower' | 'higher' | 'no more than';
  /** For `no more than`: how much higher it may be. */
  readonly most?: number;
}

export interface Study {
  readonly name: string;
  readonly title: string;
  /** What was trained on what, in a sentence or two. */
  readonly about: string;
  /** What the differences of the table are to. */
  readonly reference: string;
  readonly measures: readonly string[];
  readonly claims: readonly Claim[];
  readonly results: readonly Trained[];
  readonly smoke: boolean;
  readonly command: string;
}

/** A claim with the difference that was found. */
export interface Finding extends Claim {
  readonly difference: Interval;
  readonly found: 'reproduced' | 'not reproduced at this scale' | 'the opposite at this scale';
}

const ofArm = (results: readonly Trained[], arm: string): Trained[] =>
  results.filter((r) => r.arm === arm).sort((a, b) => a.seed - b.seed);

/** Seed by seed. */
export function differenceOf(results: readonly Trained[], arm: string, against: string, measure: string): Interval {
  const before = ofArm(results, against);
  const differences = ofArm(results, arm).map((r) => {
    const pair = before.find((b) => b.seed === r.seed);
    if (!pair) throw new Error(`expected ${against} with seed ${r.seed}`);
    return r.measures[measure] - pair.measures[measure];
  });
  return pairedInterval(differences);
}

export function findingsOf({ claims, results }: Pick<Study, 'claims' | 'results'>): Finding[] {
  return claims.map((claim) => {
    const difference = differenceOf(results, claim.arm, claim.against, claim.measure);
    const { verdict, low, high } = difference;
    const within = (x: number | null, y: number): boolean => x !== null && x <= y;
    const holds = claim.expects === 'no more than' ? within(high, claim.most ?? 0) : verdict === claim.expects;
    const against =
      claim.expects === 'no more than'
        ? low !== null && low > (claim.most ?? 0)
        : verdict !== 'within the noise' && verdict !== claim.expects;
    const found = holds ? 'reproduced' : against ? 'the opposite at this scale' : 'not reproduced at this scale';
    return { ...claim, difference, found };
  });
}

const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(4)}`;
const rangeOf = ({ mean, low, high }: Interval): string =>
  low === null || high === null ? signed(mean) : `${signed(mean)} (${signed(low)} to ${signed(high)})`;

export function markdownOf(study: Study): string {
  const { results, measures, reference } = study;
  const arms = [...new Set(results.map((r) => r.arm))].filter((arm) =>
    ofArm(results, arm).every((r) => measures.every((m) => r.measures[m] !== undefined)),
  );
  const seeds = ofArm(results, reference).length;
  const cells = (arm: string, measure: string): string[] => {
    const mean = spreadOf(ofArm(results, arm).map((r) => r.measures[measure])).mean.toFixed(4);
    return [mean, arm === reference ? '' : rangeOf(differenceOf(results, arm, reference, measure))];
  };
  const table = markdownTable(
    ['arm', ...measures.flatMap((m) => [m, `${m} less ${reference}`])],
    arms.map((arm) => [arm, ...measures.flatMap((m) => cells(arm, m))]),
  );
  const findings = markdownTable(
    ['claim', 'measured', 'difference', 'found'],
    findingsOf(study).map((f) => [f.says, `${f.measure}: ${f.arm} less ${f.against}`, rangeOf(f.difference), f.found]),
  );
  const seconds = results.reduce((n, r) => n + r.seconds, 0);
  return `# ${study.title}${study.smoke ? ': smoke test, the numbers mean nothing' : ''}

${study.about} ${seeds} paired seeds; 95 % intervals by Student's t over their differences. Domains are in held-out bits
per byte: lower is better. ${results.length} trainings, ${Math.round(seconds)} s. \`${study.command}\`

${findings}
${table}
![Differences to ${reference}](plot.svg)
`;
}

export function svgOf({ results, measures, reference }: Study): string {
  const arms = [...new Set(results.map((r) => r.arm))].filter(
    (arm) => arm !== reference && ofArm(results, arm).every((r) => measures.every((m) => r.measures[m] !== undefined)),
  );
  return intervalChart(
    measures.map((measure) => ({
      title: `${measure}, less ${reference}`,
      series: [
        {
          name: '',
          points: arms.map((arm) => ({ label: arm, ...differenceOf(results, arm, reference, measure) })),
        },
      ],
    })),
  );
}
