import { safeText } from '../../safe-text.ts';
import type { Judgement } from '../../training/forgetting/report.ts';
import {
  changeInWords,
  overWhat,
  percentages,
  revivalInWords,
  spreadInWords,
} from '../../training/forgetting/report-markdown.ts';
import { plural, shownPath } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';
import type { Evaluation } from './evaluation.ts';

const right = { align: 'right' } as const;

/** What it was measured on. */
export function notesOf({ documents, items, trainedOn }: Evaluation): string[] {
  const measured = [
    ...(documents > 0 ? [plural(documents, 'document')] : []),
    ...(items > 0 ? [plural(items, 'item')] : []),
  ];
  const lines = [`Measured on ${measured.join(' and ')}.`];
  if (trainedOn > 0) lines.push(`Left out: ${plural(trainedOn, 'document')} that one of the models was trained on.`);
  return lines;
}

/** An evaluation for people. */
export function evaluationLines(
  evaluation: Evaluation,
  output: string | null,
  { style, width }: Pick<Terminal, 'style' | 'width'>,
): string[] {
  const { models, changes } = evaluation;
  const lines = [...notesOf(evaluation), ''];
  const painted: { readonly [J in Judgement]: (text: string) => string } = {
    learned: style.green,
    forgotten: style.red,
    'within the noise': style.dim,
    'not known': style.dim,
  };
  if (changes.length === 0) lines.push(...alone(models[0]));
  for (const { to, report } of changes) {
    if (changes.length > 1) lines.push(style.bold(`${safeText(models[0].name)} to ${safeText(to)}`), '');
    const { domains, items } = report;
    const revived = domains.some((d) => d.revivalSteps !== undefined);
    if (domains.length > 0) {
      const titles = [
        { title: 'bits per byte' },
        ...[safeText(models[0].name), report.seeds > 1 ? 'after' : safeText(to), 'change'].map((title) => ({
          title,
          ...right,
        })),
        { title: '' },
        ...(revived ? [{ title: 'revival steps', ...right }] : []),
      ];
      const rows = domains.map((d) => [
        safeText(d.domain),
        d.before.toFixed(4),
        spreadInWords(d.after),
        changeInWords(d.change),
        painted[d.judgement](d.judgement),
        revivalInWords(d),
      ]);
      lines.push(...tableLines(titles, rows), '');
    }
    if (items.length > 0) {
      const titles = [
        'right choice: bits',
        'before',
        'after',
        'change',
        'right before',
        'right after',
        'negative flips',
        'positive flips',
      ];
      const rows = items.map((i) => [
        `${safeText(i.domain)} (${i.n})`,
        i.before.toFixed(3),
        spreadInWords(i.after, 3),
        changeInWords(i.change, 3),
        ...percentages(i),
      ]);
      lines.push(
        ...tableLines(
          titles.map((title, k) => ({ title, ...(k > 0 && right) })),
          rows,
        ),
        '',
      );
    }
    lines.push(...wrapped(overWhat(report), width), '');
  }
  if (output !== null) lines.push(`Report  ${safeText(shownPath(output))}/eval.md, eval.json, eval.svg`);
  return lines;
}

/** One model has nothing to change from. */
function alone({ name, measures }: Evaluation['models'][number]): string[] {
  const { byDomain, bitsPerByte } = measures;
  const rows = Object.entries(byDomain).map(([domain, bits]) => [safeText(domain), bits.toFixed(4)]);
  if (bitsPerByte !== null && rows.length > 1) rows.push(['all', bitsPerByte.toFixed(4)]);
  return [...tableLines([{ title: 'bits per byte' }, { title: safeText(name), ...right }], rows), ''];
}
