import { DOCUMENT_COLUMNS, type DocumentBatch } from '../../streams/batch/batch.ts';
import type { Column, Utf8Column } from '../../streams/batch/columns.ts';
import { composeCuts } from './cut-spans.ts';
import { addedBy, LINE_END, type TextCut } from './line-rewrite.ts';

/**
 * The batch after a rewrite: `text` without the cuts, `text_version` one higher, cut spans as places in the original
 * text, and every annotation but those in `added` stale.
 * @param cuts of each row, in UTF-8 bytes of the text as it is; ascending, without overlap
 * @param rules all names that a cut of this step may have, in one order for every batch
 * @param added columns that the step itself writes; they describe the new text
 */
export function withCuts(
  batch: DocumentBatch,
  cuts: readonly (readonly TextCut[])[],
  rules: readonly string[],
  added: readonly (readonly [string, Column])[],
): DocumentBatch {
  return withText(batch, cutText(batch.utf8('text'), cuts), cuts, rules, added);
}

/** The same for a text that is made already: `text` is what the cuts leave, with what stands in their place. */
export function withText(
  batch: DocumentBatch,
  fresh: Utf8Column,
  cuts: readonly (readonly TextCut[])[],
  rules: readonly string[],
  added: readonly (readonly [string, Column])[],
): DocumentBatch {
  const text = batch.utf8('text');
  return batch.with({
    columns: new Map([...batch.columns, ['text', fresh], ...added]),
    originalText: batch.originalText ?? (batch.textVersion === 0 ? text : undefined),
    cuts: composeCuts(batch.cuts, cuts, rules),
    textVersion: batch.textVersion + 1,
    tokenIds: undefined,
    stale: staleAfter(
      batch,
      added.map(([name]) => name),
    ),
  });
}

/**
 * Everything that was computed from the text as it was; columns that the engine carries along begin with an underscore.
 */
function staleAfter(batch: DocumentBatch, written: readonly string[]): Set<string> {
  const own = new Set([...DOCUMENT_COLUMNS.map((c) => c.name), ...written]);
  const annotations = [...batch.columns.keys()].filter((name) => !own.has(name) && !name.startsWith('_'));
  return new Set([...batch.stale, ...annotations].filter((name) => !own.has(name)));
}

function cutText(text: Utf8Column, cuts: readonly (readonly TextCut[])[]): Utf8Column {
  const rows = cuts.length;
  const inserted = cuts.flat().reduce((n, c) => n + (c.insert === undefined ? 0 : addedBy(c)), 0);
  const values = new Uint8Array(text.offsets[rows] - text.offsets[0] + inserted);
  const offsets = new Int32Array(rows + 1);
  let to = 0;
  for (let i = 0; i < rows; i++) {
    const first = text.offsets[i];
    let from = first;
    for (const { start, end, rule, insert } of cuts[i]) {
      values.set(text.values.subarray(from, first + start), to);
      to += first + start - from;
      if (insert !== undefined) to += Buffer.from(values.buffer, to).write(insert);
      else if (rule === LINE_END) values[to++] = 10;
      from = first + end;
    }
    values.set(text.values.subarray(from, text.offsets[i + 1]), to);
    to += text.offsets[i + 1] - from;
    offsets[i + 1] = to;
  }
  return { type: 'utf8', offsets, values: values.slice(0, to), valid: text.valid };
}
