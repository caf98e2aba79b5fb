import type { ExtractMode } from '../../kernels/extract.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { int32Column, type Utf8Column, utf8Column } from '../../streams/batch/columns.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import type { StageContext } from '../stage-context.ts';
import { withVerdict } from '../verdicts.ts';
import { withText } from './apply-cuts.ts';
import { factsOf, type PageSays } from './extract-facts.ts';
import type { TextCut } from './line-rewrite.ts';

/** Name of the cut of a page that became text. */
const CUT = 'extract_html';

/** The stage behind `extract()`. */
export function stage(descriptor: StepDescriptor, { kernel }: StageContext): Stage {
  const mode = descriptor.options.mode as ExtractMode;
  const least = Number(descriptor.options.minChars);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const { offsets, values } = batch.utf8('text');
      const html = Uint8Array.from(scope, (alive, i) =>
        alive === 1 && looksHtml(values, offsets[i], offsets[i + 1]) ? 1 : 0,
      );
      // Of a page without a byte nothing says that it was HTML; none of its text is main content all the same.
      const counted = Uint8Array.from(scope, (alive, i) =>
        html[i] === 1 || (alive === 1 && isBlank(values, offsets[i], offsets[i + 1])) ? 1 : 0,
      );
      const got = kernel.extract(values, offsets, batch.rows, html, mode);
      const text: Utf8Column = { type: 'utf8', values: got.values, offsets: got.offsets, valid: null };
      // A page of which too little is left keeps its HTML.
      const changes = Uint8Array.from(html, (h, i) => (h === 1 && got.chars[i] >= least ? 1 : 0));
      const cuts = Array.from(changes, (c, i): TextCut[] =>
        c === 1 ? [{ start: 0, end: offsets[i + 1] - offsets[i], rule: CUT, ...replacement(batch, text, i) }] : [],
      );
      const says = Array.from(html, (h, i) =>
        h === 1 ? factsOf(values.subarray(offsets[i], offsets[i + 1]), got.facts(i)) : null,
      );
      const changed = withText(
        batch,
        replaced(batch.utf8('text'), text, changes),
        cuts,
        [CUT],
        [
          ['extract_method', utf8Column(Array.from(changes, (c, i) => (c === 1 ? got.methods[i] : null)))],
          ['extract_chars', numbers(counted, got.chars)],
          ['extract_blocks', numbers(html, got.blocks)],
          ['extract_kept_blocks', numbers(html, got.kept)],
          ...(['title', 'date', 'language', 'url'] as const).map((name): [string, Utf8Column] => [
            `extract_${name}`,
            utf8Column(says.map((s: PageSays | null) => s?.[name] ?? null)),
          ]),
        ],
      );
      if (dropsFor(descriptor) === null) return changed;
      return withVerdict(changed, judge(changed, descriptor.step, descriptor.rules, scope));
    },
  };
}

const numbers = (html: Uint8Array, values: Int32Array) =>
  int32Column(Float64Array.from(html, (h, i) => (h === 1 ? values[i] : Number.NaN)));

/** What stands in the place of a page: its length where nothing was cut before, else its text, to be put together. */
function replacement(batch: DocumentBatch, text: Utf8Column, i: number): Pick<TextCut, 'added' | 'insert'> {
  const [start, end] = [text.offsets[i], text.offsets[i + 1]];
  if (batch.cuts === null) return { added: end - start };
  return { insert: Buffer.from(text.values.subarray(start, end)).toString('utf8') };
}

/** The rows of `fresh` where they change, else those that were there. */
function replaced(old: Utf8Column, fresh: Utf8Column, changes: Uint8Array): Utf8Column {
  const rows = changes.length;
  const offsets = new Int32Array(rows + 1);
  const from = (i: number): Utf8Column => (changes[i] === 1 ? fresh : old);
  for (let i = 0; i < rows; i++) offsets[i + 1] = offsets[i] + from(i).offsets[i + 1] - from(i).offsets[i];
  const values = new Uint8Array(offsets[rows]);
  for (let i = 0; i < rows; i++) {
    const source = from(i);
    values.set(source.values.subarray(source.offsets[i], source.offsets[i + 1]), offsets[i]);
  }
  return { type: 'utf8', offsets, values, valid: old.valid };
}

/** Bytes at the start of a text in which its first tag stands if it is HTML. */
const HEAD_BYTES = 4096;

function isBlank(values: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && values[at] <= 0x20) at++;
  return at === end;
}

/** Does a text begin as HTML does: with a tag, a comment or a doctype, white space left out? */
function looksHtml(values: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, start + HEAD_BYTES);
  let at = start;
  while (at < stop && values[at] <= 0x20) at++;
  if (values[at] !== 0x3c || at + 1 >= stop) return false;
  const next = values[at + 1];
  return next === 0x21 || next === 0x3f || ((next | 32) >= 0x61 && (next | 32) <= 0x7a);
}
