import { openSubstringKernel, type SubstringKernel, type SubstringOptions } from '../../../kernels/substring.ts';
import type { Column } from '../../../streams/batch/columns.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import { dropsFor, rowsInScope, type StepDescriptor } from '../../../streams/operator.ts';
import type { SpanDecision } from './span-decision.ts';
import { packedRecords, recordsInParts } from './span-records.ts';
import { settleSpans } from './spans-in-parts.ts';
import { comparedStretches, decideSubstrings, findSubstrings } from './substring-decide.ts';
import { byteEdges, wordEdges } from './substring-edges.ts';

interface SubstringDedupOptions {
  readonly minWords: number;
  readonly minBytes: number | null;
  readonly wholeWords: boolean;
  readonly minWordsLeft: number;
}

/** The barrier behind `dedup.substring()`. */
export function barrier(descriptor: StepDescriptor): Promise<Barrier> {
  return substringBarrierOn(descriptor, openSubstringKernel);
}

/** The same with a kernel of the caller's: nothing that is cut depends on how good its hashes are. */
export async function substringBarrierOn(
  descriptor: StepDescriptor,
  openKernel: (options: SubstringOptions) => Promise<SubstringKernel>,
): Promise<Barrier> {
  const { minWords, minBytes, wholeWords, ...given } = descriptor.options as unknown as SubstringDedupOptions;
  const minWordsLeft = dropsFor(descriptor) === null ? 0 : given.minWordsLeft;
  const unit = minBytes === null ? ('words' as const) : ('bytes' as const);
  const window = minBytes ?? minWords;
  const kernel = await openKernel({ unit, window });
  const settle: SpanDecision['settle'] =
    unit === 'words' ? wordEdges : (text, joined) => byteEdges(text, joined, wholeWords);
  const options = { unit, window, cut: 'duplicate_substring', minWordsLeft, settle };
  return {
    keys(batch, spans) {
      const text = batch.utf8('text');
      const found = kernel.anchors(text.values, text.offsets, batch.rows, rowsInScope(batch, descriptor.where));
      const columns: Map<string, Column> = packedRecords(found.offsets, found.words);
      columns.set('start', { type: 'float64', values: spans.start, valid: null });
      columns.set('bytes', { type: 'int32', values: spans.bytes, valid: null });
      return columns;
    },
    decide: (splits, memoryBytes) => decideSubstrings(splits, memoryBytes, options, kernel),
    textsRead: ({ splits, memoryBytes }) => comparedStretches(splits, memoryBytes),
    // Each anchor is a matter of its own, and so are those of a part.
    scattered: {
      rowsOf: (columns, parts) => recordsInParts(columns, parts, ['start', 'bytes']),
      find: (splits, memoryBytes) => findSubstrings(splits, memoryBytes, options, kernel),
      settle: (split, found) => settleSpans(split, found, options),
    },
  };
}
