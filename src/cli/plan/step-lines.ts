import { minhashText } from '../../operators/dedup/minhash/minhash-bands.ts';
import { reusedColumns } from '../../run/reuse.ts';
import { safeText } from '../../safe-text.ts';
import {
  createsDocuments,
  dropsFor,
  isBarrier,
  isRules,
  removesCopies,
  rewritesText,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { type Scope, scopeValues } from '../../streams/scope.ts';
import { conditionOf } from '../run/summary-reasons.ts';
import { plural } from '../terminal/format.ts';
import { paintedWidth, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

/** A barrier that leaves documents out; others only write a column. */
export const takesAway = (d: StepDescriptor): boolean => isBarrier(d) && dropsFor(d) !== null;

/** Name of the tokenizer that counts the tokens of a recipe; null: it has none, or it counts by another way. */
export function tokenizerOf(steps: readonly StepDescriptor[]): string | null {
  const name = steps.findLast((s) => s.stage === 'tokenize')?.options.name;
  return typeof name === 'string' ? name : null;
}

/** What a step does, in words. */
function whatOf(d: StepDescriptor): string {
  const versions = d.versions.map(safeText).join(', ');
  const waits = 'decides after reading the whole input';
  if (removesCopies(d)) return `drops duplicates (${versions}); ${waits}`;
  if (isBarrier(d)) {
    const does = takesAway(d) ? 'drops' : `writes ${d.writes.map((w) => safeText(w.name)).join(', ')}`;
    return `${does} by rank (${versions}); ${waits}`;
  }
  if (rewritesText(d)) return `edits text (${versions}); the ledger records what is cut`;
  if (createsDocuments(d)) return `creates documents (${versions}); the ledger records what each is made of`;
  if (dropsFor(d) === 'predicate') return 'your own function, on the main thread';
  if (d.stage === 'tokenize') return `counts tokens of ${safeText(tokenizerOf([d]) ?? '')} (${versions})`;
  const taken = reusedColumns([d]).flatMap((r) => r.columns);
  if (taken.length === 0) return `measures ${plural(d.writes.length, 'column')} (${versions})`;
  const rest = d.writes.length - taken.length;
  const measures = rest > 0 ? `measures ${plural(rest, 'column')}, ` : '';
  return `${measures}takes ${plural(taken.length, 'column')} that the run in the input measured (${versions})`;
}

/** Name, condition and option of every rule; where that is too wide, the condition on a line of its own. */
function ruleLines({ style, width }: Terminal, { rules }: StepDescriptor): string[] {
  const indent = ' '.repeat(7);
  const cells = rules.map((r) => [safeText(`${r.name}@${r.version}`), conditionOf(r), style.dim(safeText(r.option))]);
  const wide = tableLines([{}, {}, {}], cells, indent);
  if (wide.every((line) => paintedWidth(line) <= width)) return wide;
  const names = tableLines(
    [{}, {}],
    cells.map(([name, _, option]) => [name, option]),
    indent,
  );
  return names.flatMap((line, i) => [line, ...wrapped(cells[i][1], width, `${indent}  `)]);
}

/** Which documents a step is for. */
function scopeWords(where: Scope): string {
  const values = scopeValues(where).map(safeText).join(', ');
  if ('column' in where) return `only where ${safeText(where.column)} is ${where.not ? 'not ' : ''}${values}`;
  return `${where.not ? 'all domains but' : 'only domain'} ${values}`;
}

export function stepLines(terminal: Terminal, d: StepDescriptor, number: number): string[] {
  const { style, width } = terminal;
  const scope = d.where ? `  ${style.dim(`(${scopeWords(d.where)})`)}` : '';
  const head = `  ${String(number).padStart(2)} ${style.bold(safeText(d.step))}${scope}`;
  const rules = ruleLines(terminal, d);
  const change = style.dim(`(--set ${safeText(d.step)}.OPTION=NUMBER)`);
  const drops = `${head}  drops a document when  ${change}`;
  if (isRules(d) && !createsDocuments(d))
    return paintedWidth(drops) <= width
      ? [drops, ...rules]
      : [`${head}  drops a document when`, `       ${change}`, ...rules];
  const room = width - 7;
  const indent = head.slice(0, head.length - head.trimStart().length);
  const lines = wrapped(`${head.trimStart()}  ${whatOf(d)}`, room).map((l, i) => (i === 0 ? indent : '       ') + l);
  if (d.stage === 'dedup/minhash')
    return [...lines, ...wrapped(minhashText(d.options), room).map((l) => `       ${style.dim(l)}`)];
  if (!(rewritesText(d) || createsDocuments(d)) || dropsFor(d) !== 'thresholds') return lines;
  return [...lines, `       and drops a document when  ${change}`, ...rules];
}
