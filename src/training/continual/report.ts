import { revivalInWords } from '../forgetting/report-markdown.ts';
import type { Measurement } from '../training-types.ts';
import type { Revival, TrainingRecord } from './record.ts';

/** Bits per byte of each domain before a training, half way and after it. */
export interface DomainChange {
  readonly domain: string;
  readonly before: number;
  readonly during: number | null;
  readonly after: number;
}

/** Domains that were measured at both ends, and over all of them; the middle is the measurement nearest to half way. */
export function changesOf(measurements: readonly Measurement[]): DomainChange[] {
  const [first, last] = [measurements[0], measurements.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const inner = measurements.slice(1, -1);
  const half = (first.step + last.step) / 2;
  const far = (m: Measurement): number => Math.abs(m.step - half);
  const middle = inner.reduce<Measurement | null>((a, b) => (a !== null && far(a) <= far(b) ? a : b), null);
  const row = (domain: string, of: (m: Measurement) => number | null | undefined): DomainChange[] => {
    const [before, after] = [of(first), of(last)];
    if (before == null || after == null) return [];
    return [{ domain, before, during: (middle && of(middle)) ?? null, after }];
  };
  const domains = Object.keys(last.byDomain).sort();
  return [...domains.flatMap((d) => row(d, (m) => m.byDomain[d])), ...row('all', (m) => m.bitsPerByte)];
}

/** The report of a training as Markdown. */
export function reportOf(record: TrainingRecord): string {
  const { measurements, plans, tokensPerStep } = record;
  const last = measurements.at(-1);
  const steps = plans.at(-1)?.steps ?? 0;
  const planned = plans.map((p) => `${p.schedule.name} from step ${p.fromStep} to ${p.steps}`).join(', ');
  return `# ${record.recipe}

${record.status === 'done' ? 'Done' : 'Going on'}: step ${last?.step ?? 0} of ${steps}, ${last?.tokensSeen ?? 0} tokens
(${tokensPerStep} a step at most), ${(record.parameters / 1e6).toFixed(2)} M parameters, ${record.executor}.
Schedule: ${planned}.

## Bits per byte on held-out text

${changeTable(record)}

Less is better. Domains that begin with \`old/\` are the old data that was replayed. Each domain is measured on
documents that were never trained on; \`scalars.csv\`, \`measurements.csv\` and the event files have every number.
${record.revival ? `\n${revivalNote(record.revival)}\n` : ''}`;
}

/** Each domain before, during and after a training, as a Markdown table. */
export function changeTable(record: TrainingRecord): string {
  const { revival } = record;
  const rows = changesOf(record.measurements).map(
    ({ domain, before, during, after }) =>
      `| ${cell(domain)} | ${before.toFixed(3)} | ${during?.toFixed(3) ?? ''} | ${after.toFixed(3)} | ` +
      `${after < before ? '' : '+'}${(after - before).toFixed(3)} |` +
      (revival ? ` ${revivalInWords({ revivalSteps: revival.steps[domain] })} |` : ''),
  );
  return rows.length > 0
    ? `| domain | before | during | after | change |${revival ? ' revival steps |' : ''}\n` +
        `| --- | --- | --- | --- | --- |${revival ? ' --- |' : ''}\n${rows.join('\n')}`
    : 'Nothing was measured at two points yet.';
}

/** What the column of revival steps counts. */
const revivalNote = ({ most, every, tolerance, learningRate, sequences }: Revival): string =>
  `Revival steps: steps of ${sequences} sequences of nothing but the domain's own text, at a constant rate of
${learningRate}, after which the trained model is within ${(100 * tolerance).toFixed(1)} % of what it was before;
measured every ${every} steps, ${most} tried. 0: it was no worse. Few steps say that something was hidden
and not lost. The model that is kept was not trained by them.`;

/** A name from data inside a Markdown table. */
export const cell = (text: string): string => text.replace(/[|\r\n<>`[\]]/g, ' ');
