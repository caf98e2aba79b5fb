import type { Explanation } from '../../ledger/explain-data.ts';
import { originalText } from '../../ledger/original-text.ts';
import type { RunFolder } from '../../ledger/run-folder.ts';
import { clipped, safeExcerpt, safeText } from '../../safe-text.ts';
import { removesCopies, type StepDescriptor } from '../../streams/operator.ts';
import { count, plural, size } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Spans = Explanation['cutSpans'];

const cuts = (step: StepDescriptor, rule: string): boolean =>
  removesCopies(step) && step.versions.some((v) => v.startsWith(`${rule}@`));

/** Deduplications that cut what stands elsewhere too, and drop a document only when too little is left. */
export const cutsOnly = (step: StepDescriptor): boolean =>
  removesCopies(step) && step.rules.some((r) => r.name.endsWith('_nothing_left'));

/** The spans of a document that a step has cut: of a deduplication those of its own rule, of a rewrite all others. */
export function spansOf({ cutSpans }: Explanation, step: StepDescriptor, steps: readonly StepDescriptor[]): Spans {
  if (removesCopies(step)) return cutSpans.filter((s) => cuts(step, s.rule));
  return cutSpans.filter((s) => !steps.some((d) => cuts(d, s.rule)));
}

/** `cut 2 spans: duplicate_substring 741 B`. */
export function cutText(spans: Spans): string {
  if (spans.length === 0) return 'cut nothing';
  const by = new Map<string, number>();
  for (const s of spans) by.set(s.rule, (by.get(s.rule) ?? 0) + s.end - s.start);
  return (
    `cut ${plural(spans.length, 'span')}: ` +
    `${[...by].map(([rule, bytes]) => `${safeText(rule)} ${size(bytes)}`).join(', ')}`
  );
}

const SHOWN = 5;

/** What was cut, as it stands in the input; where it cannot be read again, the places alone. */
export async function cutLines({ style, width }: Terminal, folder: RunFolder, d: Explanation): Promise<string[]> {
  if (d.cutSpans.length === 0) return [];
  const original = await originalText(folder, d.position);
  const bytes = 'text' in original ? Buffer.from(original.text) : null;
  const source = 'missing' in original ? `; not shown: ${original.missing}` : '';
  const lines = ['', `  ${style.bold('Cut from it')}${style.dim(`, in bytes of the original text${source}`)}`];
  for (const { start, end, rule } of d.cutSpans.slice(0, SHOWN)) {
    const head = `    ${count(start)} to ${count(end)}  ${safeText(rule)}`;
    const text = bytes === null ? '' : safeExcerpt(bytes.subarray(start, end).toString('utf8').trim());
    lines.push(
      text === '' ? head : `${head}  ${style.dim(`“${clipped(text, Math.max(16, width - head.length - 4))}”`)}`,
    );
  }
  if (d.cutSpans.length > SHOWN) lines.push(`    and ${plural(d.cutSpans.length - SHOWN, 'more span', 'more spans')}`);
  return lines;
}
