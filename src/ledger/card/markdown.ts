import { safeExcerpt } from '../../safe-text.ts';
import { cellText, type Plain } from '../sql-values.ts';
import { type Card, type CardField, UNANSWERED } from './card.ts';

/** Text that stays text in Markdown and in HTML, on one line. */
const inert = (s: string): string => safeExcerpt(s).replace(/[\\`*_{}[\]<>()#+!|~&]/g, (c) => `\\${c}`);

const cell = (v: Plain): string => (v === null ? '–' : inert(cellText(v)));

/** A card as Markdown. */
export function cardMarkdown(card: Card): string {
  const head = [
    `# Data card: ${inert(card.name)}`,
    '',
    `Made by Sluice from the run with recipe ${card.run.recipe}, input ${card.run.input}, split plan ` +
      `${card.run.plan}, commits ${card.run.commits} (sha256), finished ${inert(card.made)}.` +
      (card.redacted ? ' Excerpts, ids and paths are left out.' : ''),
    '',
    `Every table is the answer to the query below it (\`sluice sql <run-dir> "..."\`). ` +
      `What is *${UNANSWERED}* only people know.`,
  ];
  const sections = card.sections.flatMap((s, i) => ['', `## ${i + 1}. ${s.title}`, ...s.fields.flatMap(fieldLines)]);
  return `${[...head, ...sections].join('\n')}\n`;
}

function fieldLines(f: CardField): string[] {
  if (f.text !== undefined) return ['', `**${inert(f.name)}**: ${inert(f.text)}`];
  if (f.table === undefined) return ['', `**${inert(f.name)}**: *${UNANSWERED}*`];
  const { columns, rows } = f.table;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '',
    `**${inert(f.name)}**`,
    '',
    ...(rows.length === 0
      ? ['none']
      : [line(columns.map(inert)), line(columns.map(() => '---')), ...rows.map((r) => line(r.map(cell)))]),
    ...(f.sql === undefined ? [] : ['', '```sql', f.sql.replaceAll('```', ''), '```']),
  ];
}
