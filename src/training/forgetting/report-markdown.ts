import { markdownTable } from '../charts/markdown.ts';
import type { Interval } from '../statistics/paired.ts';
import type { DomainChange, ForgettingReport, ItemChange } from './report.ts';

const signed = (x: number, digits: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(digits)}`;

/** A change with its interval, where there is one. */
export const changeInWords = ({ mean, low, high }: Interval, digits = 4): string =>
  low === null || high === null
    ? signed(mean, digits)
    : `${signed(mean, digits)} (${signed(low, digits)} to ${signed(high, digits)})`;

/** Mean, and its standard error where there are several seeds. */
export const spreadInWords = (
  { mean, error }: { readonly mean: number; readonly error: number | null },
  digits = 4,
): string => (error === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`);

export const revivalInWords = ({ revivalSteps }: Pick<DomainChange, 'revivalSteps'>): string =>
  revivalSteps === undefined ? '' : revivalSteps === null ? 'not reached' : String(revivalSteps);

/** What the intervals are over. */
export const overWhat = ({ seeds }: ForgettingReport): string =>
  seeds > 1
    ? `95 % intervals: Student's t over ${seeds} seeds, widened by the choice of the documents where these are known.`
    : '95 % intervals: over the documents and items. One training: another seed may differ by more.';

export const percentages = ({ rightBefore, rightAfter, negativeFlips, positiveFlips }: ItemChange): string[] =>
  [rightBefore, rightAfter.mean, negativeFlips.mean, positiveFlips.mean].map(
    (share) => `${(100 * share).toFixed(1)} %`,
  );

/** The report as a part of a Markdown page, without a title. */
export function forgettingMarkdown(report: ForgettingReport): string {
  const { domains, items } = report;
  const revived = domains.some((d) => d.revivalSteps !== undefined);
  const tables: string[] = [];
  if (domains.length > 0)
    tables.push(
      markdownTable(
        ['bits per byte', 'before', 'after', 'change', '', ...(revived ? ['revival steps'] : [])],
        domains.map((d) => [
          d.domain,
          d.before.toFixed(4),
          spreadInWords(d.after),
          changeInWords(d.change),
          d.judgement,
          ...(revived ? [revivalInWords(d)] : []),
        ]),
      ),
    );
  if (items.length > 0)
    tables.push(
      markdownTable(
        ['log-likelihood of the right choice, bits', 'n', 'before', 'after', 'change'],
        items.map((i) => [
          i.domain,
          `${i.n}`,
          i.before.toFixed(3),
          spreadInWords(i.after, 3),
          changeInWords(i.change, 3),
        ]),
      ),
      markdownTable(
        ['items', 'right before', 'right after', 'negative flips', 'positive flips'],
        items.map((i) => [i.domain, ...percentages(i)]),
      ),
    );
  return `${tables.join('\n')}\n${overWhat(report)}\n`;
}
