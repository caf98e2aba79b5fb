import { InvariantError } from '../../errors.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import type { UnreadColumn } from '../batch/unread.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import { BATCH_TEXT_BYTES, type Split, type SplitPlan } from '../plan/splits.ts';
import { BatchBuilder } from './batch-builder.ts';
import type { PassedOver, ReadContext } from './context.ts';
import type { Seen } from './loss.ts';
import { openedRanges } from './opened-ranges.ts';
import { FORMATS } from './table.ts';

export interface ReadSplitOptions {
  /** The thread's kernel; called only between batches. */
  readonly kernel: Kernel;
  /** Called with every record that is no document, in input order among the batches. */
  readonly onQuarantine: (record: QuarantinedRecord) => void;
  /** Called with columns that could not be understood, and are null in the metadata. */
  readonly onUnread?: (column: UnreadColumn) => void;
  /** Called with how many records hold no documents, by their kind. */
  readonly onPassed?: (passed: PassedOver) => void;
  /** Called with what was read well of a range, before any sampling. */
  readonly onSeen?: (seen: Seen) => void;
  /** Called with the input bytes (as on disk) read since the last call. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Bytes of text and metadata that a batch aims at. Default BATCH_TEXT_BYTES. */
  readonly batchBytes?: number;
  /**
   * A batch and its views die when the next one is asked for; its buffers are filled again. Default: a batch is the
   * caller's.
   */
  readonly reuse?: boolean;
}

/**
 * Documents of one split, in input order. What is in which batch depends on the split and the options only.
 * Memory: a chunk, a batch, and one record up to `maxLineBytes`.
 * Errors: InputError when a file cannot be read or is not as planned; what cannot be understood is quarantined.
 */
export async function* readSplit(
  split: Split,
  plan: SplitPlan,
  options: ReadOptions,
  given: ReadSplitOptions,
): AsyncGenerator<DocumentBatch> {
  const {
    kernel,
    onQuarantine,
    onUnread,
    onPassed,
    onSeen,
    onProgress,
    signal,
    batchBytes = BATCH_TEXT_BYTES,
    reuse = false,
  } = given;
  const builder = reuse ? lendingBuilder(split.index, batchBytes) : new BatchBuilder(split.index, batchBytes);
  const context: ReadContext = { kernel, options, builder };
  for await (const { range, file, window } of openedRanges(split, plan, { onBytes: onProgress, signal })) {
    const read = await FORMATS[file.format].reader();
    try {
      for await (const event of read(file, range, window, context)) {
        if ('quarantined' in event) onQuarantine(event.quarantined);
        else if ('unread' in event) onUnread?.(event.unread);
        else if ('passed' in event) onPassed?.(event.passed);
        else if ('seen' in event) onSeen?.(event.seen);
        else {
          yield event;
          if (reuse) builder.giveBack(event);
        }
      }
    } catch (error) {
      throw withFile(error, file.path);
    } finally {
      await window.close();
    }
  }
  if (builder.rows > 0) {
    const last = builder.take();
    yield last;
    if (reuse) builder.giveBack(last);
  }
  if (reuse && batchBytes === BATCH_TEXT_BYTES) spare = builder;
}

/** A mistake of a reader, with the file that it was made on: whoever has it can take the file out and go on. */
function withFile(error: unknown, where: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  const wrapped = new InvariantError({
    expected: 'a file that can be read to its end',
    got: `${error.name}: ${error.message}`,
    where,
    fix: 'Please report this with the file. Without it the rest can be read.',
    cause: error,
  });
  wrapped.stack = error.stack ?? wrapped.stack;
  return wrapped;
}

/** The builder of the split that this thread read last. */
let spare: BatchBuilder | null = null;

function lendingBuilder(split: number, batchBytes: number): BatchBuilder {
  if (spare === null || batchBytes !== BATCH_TEXT_BYTES) return new BatchBuilder(split, batchBytes, true);
  const builder = spare;
  spare = null;
  builder.restart(split);
  return builder;
}
