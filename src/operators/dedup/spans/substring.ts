import * as z from 'zod';
import { openSubstringKernel, type SubstringKernel, type SubstringOptions } from '../../../kernels/substring.ts';
import { parseOptions } from '../../../options.ts';
import type { Column } from '../../../streams/batch/columns.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import { type Operator, rowsInScope, type Scope, type StepDescriptor } from '../../../streams/operator.ts';
import { dedupStep } from '../dedup-step.ts';
import type { SpanDecision } from './span-decision.ts';
import { packedRecords } from './span-records.ts';
import { spanRules } from './span-rules.ts';
import { decideSubstrings } from './substring-decide.ts';
import { byteEdges, wordEdges } from './substring-edges.ts';

export const substringOptions = z.strictObject({
  /**
   * Shortest stretch, in words (anything between white space). 50 tokens: Lee et al. 2022, section 4.1, who count those
   * of a BPE.
   */
  minWords: z.int().min(8).max(65_536).default(50),
  /**
   * Shortest stretch in bytes instead, for scripts without spaces: `minWords` is then not looked at. 100: the tool of
   * Lee et al.
   */
  minBytes: z.int().min(32).max(65_536).nullable().default(null),
  /** Stretches in bytes are cut to whole words; false: to whole code points. Stretches in words are whole words. */
  wholeWords: z.boolean().default(true),
  /** Fewer words left in a document that lost something, and it is dropped. */
  minWordsLeft: z.int().min(0).default(0),
});

export type SubstringDedupOptions = z.infer<typeof substringOptions>;

/**
 * Exact substring deduplication, as a barrier (Lee et al. 2022, "Deduplicating Training Data Makes Language Models
 * Better", ExactSubstr): every stretch of at least `minWords` words that stands earlier in the corpus, in the same or
 * an earlier document, is cut; the first one in input order stays. What lies between words does not matter, so a text
 * wrapped in another way is the same; nothing else is normalised. A phrase said over and over is left once.
 *
 * Found by anchors (robust winnowing, Schleimer et al. 2003): the least hash of `minWords / 4` words among those of a
 * window; no window is without one, so nothing is missed. Nothing is cut by a hash: every copy was compared with the
 * earlier text on its bytes, so a collision, forged or not, costs time and no text. Cuts: `duplicate_substring`. Drops:
 * `substring_nothing_left`, `substring_min_words_left`. Documents shorter than a window are never touched. Memory:
 * partitions and tables take the memory given. Disk: the text once, 32 bytes an anchor (about every 20 words: a quarter
 * of the text, with `minBytes: 100` four fifths), 36 more while deciding where those in company do not fit the memory,
 * and 24 a copy.
 */
export function substring({
  step = 'substring_dedup',
  where,
  ...rest
}: z.input<typeof substringOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(substringOptions, rest, 'dedup.substring()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-substring',
      export: 'substringBarrier',
      versions: ['duplicate_substring@1'],
      where,
      rules: spanRules('substring', options.minWordsLeft),
      rewrites: true,
    },
    substring,
  );
}

/** The barrier behind `dedup.substring()`. */
export function substringBarrier(descriptor: StepDescriptor): Promise<Barrier> {
  return substringBarrierOn(descriptor, openSubstringKernel);
}

/** The same with a kernel of the caller's: nothing that is cut depends on how good its hashes are. */
export async function substringBarrierOn(
  descriptor: StepDescriptor,
  openKernel: (options: SubstringOptions) => Promise<SubstringKernel>,
): Promise<Barrier> {
  const { minWords, minBytes, wholeWords, minWordsLeft } = descriptor.options as SubstringDedupOptions;
  const unit = minBytes === null ? ('words' as const) : ('bytes' as const);
  const window = minBytes ?? minWords;
  const kernel = await openKernel({ unit, window });
  return {
    keys(batch, spans) {
      const text = batch.utf8('text');
      const found = kernel.anchors(text.values, text.offsets, batch.rows, rowsInScope(batch, descriptor.where));
      const columns: Map<string, Column> = packedRecords(found.offsets, found.words);
      columns.set('start', { type: 'float64', values: spans.start, valid: null });
      columns.set('bytes', { type: 'int32', values: spans.bytes, valid: null });
      return columns;
    },
    decide(splits, memoryBytes) {
      const settle: SpanDecision['settle'] =
        unit === 'words' ? wordEdges : (text, joined) => byteEdges(text, joined, wholeWords);
      const options = { unit, window, cut: 'duplicate_substring', minWordsLeft, settle };
      return decideSubstrings(splits, memoryBytes, options, kernel);
    },
  };
}
