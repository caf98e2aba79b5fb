import type { Observable } from 'rxjs';
import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { parseOptions } from '../../options.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import { labelOf } from '../batch/position.ts';
import { ByteBudget } from '../flow/budget.ts';
import { pulled } from '../flow/source.ts';
import { readSplit } from '../formats/read-split.ts';
import type { NamedField } from '../plan/missing-fields.ts';
import { plannedInput } from './planned-input.ts';
import { type ReadOptionsInput, readOptions } from './read-options.ts';

export interface ReadDocumentsOptions extends ReadOptionsInput {
  /** Bytes that may be between this source and the end of the pipe at once. Default 64 MB. */
  readonly memory?: number;
  /**
   * Called with every record that could not be read. Default: the stream errors at the first one, so that nothing is
   * lost in silence.
   */
  readonly onQuarantine?: (record: QuarantinedRecord) => void;
  /**
   * Called for every skipped file with the reason, and with warnings about others. Default: ignored.
   */
  readonly onWarning?: (text: string) => void;
  /** Fields of the metadata that options of the caller name: those that no record has are a warning. Default none. */
  readonly fields?: readonly NamedField[];
  /** File or folder that the caller writes to: nothing there is read. */
  readonly output?: string;
}

const callback = <F>() => z.custom<F>((value) => typeof value === 'function', 'a function').optional();

const schema = readOptions.extend({
  memory: z.number().gt(0).default(64e6),
  output: z.string().optional(),
  fields: z.array(z.strictObject({ field: z.string(), option: z.string() })).default([]),
  onQuarantine: callback<NonNullable<ReadDocumentsOptions['onQuarantine']>>(),
  onWarning: callback<NonNullable<ReadDocumentsOptions['onWarning']>>(),
});

/**
 * Documents of files, folders and globs as a pulled stream of batches, in input order: JSONL, text, Parquet, Arrow;
 * plain, gzip or zstd. Each subscription reads from the beginning. Errors: ConfigError when nothing matches, and for a
 * bad record without `onQuarantine`; InputError for a file that cannot be read.
 */
export function readDocuments(
  inputs: string | readonly string[],
  given: ReadDocumentsOptions = {},
): Observable<DocumentBatch> {
  const { memory, onQuarantine, onWarning, output, fields, ...options } = parseOptions(
    schema,
    given,
    'readDocuments()',
  );
  const refuse = (r: QuarantinedRecord): void => {
    throw new ConfigError({
      expected: 'records that can be read, or an `onQuarantine`',
      got: `${r.reason}: ${r.detail}`,
      where: labelOf(r),
      fix: 'Pass `onQuarantine` to skip such records.',
    });
  };
  async function* open(signal: AbortSignal): AsyncGenerator<DocumentBatch> {
    const patterns = typeof inputs === 'string' ? [inputs] : inputs;
    const plan = await plannedInput(patterns, options, { output, onWarning, fields });
    const kernel = await loadKernel();
    for (const split of plan.splits)
      yield* readSplit(split, plan, options, { kernel, onQuarantine: onQuarantine ?? refuse, signal });
  }
  return pulled(open, new ByteBudget(memory), 'readDocuments');
}
