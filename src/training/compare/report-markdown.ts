import { markdownTable } from '../charts/markdown.ts';
import { type ComparisonReport, inWords, judged } from './report.ts';

/** Digits after the point of a measure. */
export const digitsOf = (measure: string): number => (measure.endsWith('%') ? 1 : 4);

/** How the intervals came about, in words. */
export const intervalsInWords = ({ settings: { seeds } }: ComparisonReport): string =>
  seeds === 1
    ? 'One seed: there are no intervals.'
    : `Intervals (95 %): Student's t over ${seeds} paired seeds, widened by the choice of the documents or items.`;

/** report.md. */
export function markdownOf(report: ComparisonReport): string {
  const { settings, arms, heldOut, rows } = report;
  const [first, ...others] = arms;
  const armTable = markdownTable(
    ['arm', 'documents', 'text, bytes', 'trained on, bytes', 'epochs', 'training loss, nats a token'],
    arms.map((a) => [
      a.name,
      `${a.documents}`,
      `${a.bytes}`,
      `${a.trainedOn.bytes}`,
      a.epochs.toFixed(2),
      a.trainLoss.toFixed(4),
    ]),
  );
  const results = markdownTable(
    ['measure', 'on', 'n', ...arms.map((a) => a.name), ...others.map((a) => `${a.name} less ${first.name}`), ''],
    rows.map((row) => {
      const digits = digitsOf(row.measure);
      return [
        row.measure,
        row.headline ? `**${row.scope}**` : row.scope,
        `${row.n}`,
        ...row.arms.map((a) => a.mean.toFixed(digits)),
        ...row.differences.map((d) => inWords(d, digits)),
        row.differences.map((d) => judged(row, d)).join('; '),
      ];
    }),
  );
  const seen = `${settings.tokens} tokens, ${settings.seeds} paired seeds`;
  return `# ${arms.map((a) => a.name).join(' against ')}

${report.verdicts.map((v) => `- ${v}`).join('\n')}

The same model (${report.parameters} parameters, ${settings.from ?? 'random weights'}) was trained on each arm: ${seen}.
Measured on ${heldOut.documents} documents (${heldOut.bytes} bytes) that no arm was trained on, ${heldOut.from}; \
${heldOut.decides} decide.
${intervalsInWords(report)} Of twenty rows without any effect, one would still be outside of its interval.

${armTable}
${results}
![Differences to ${first.name}](report.svg)

Executor: ${report.executors.join(', ')}. Sluice ${report.sluice}.
`;
}
