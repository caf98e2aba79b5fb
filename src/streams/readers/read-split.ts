import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../batch.ts';
import { openWindow } from '../codecs/window.ts';
import type { QuarantinedRecord } from '../outcome.ts';
import type { ReadOptions } from '../read-options.ts';
import { BATCH_TEXT_BYTES, type Split, type SplitPlan } from '../splits.ts';
import { readArrow } from './arrow.ts';
import { BatchBuilder } from './batch-builder.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { readJsonl } from './jsonl.ts';
import { readParquet } from './parquet.ts';
import { readText } from './text.ts';

export interface ReadSplitOptions {
  /** The thread's kernel; called only between batches. */
  readonly kernel: Kernel;
  /** Called with every record that is no document, in input order among the batches. */
  readonly onQuarantine: (record: QuarantinedRecord) => void;
  /** Called with the input bytes (as on disk) read since the last call. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Bytes of text and metadata that a batch aims at. Default BATCH_TEXT_BYTES. */
  readonly batchBytes?: number;
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
  const { kernel, onQuarantine, onProgress, signal, batchBytes = BATCH_TEXT_BYTES } = given;
  const builder = new BatchBuilder(split.index, batchBytes);
  const context: ReadContext = { kernel, options, builder };
  for (const range of split.ranges) {
    const file = plan.files[range.file];
    const window = await openWindow(file.absolutePath, file.size, { onBytes: onProgress, signal });
    try {
      for await (const event of read(file, range, window, context)) {
        if ('quarantined' in event) onQuarantine(event.quarantined);
        else yield event;
      }
    } finally {
      await window.close();
    }
  }
  if (builder.rows > 0) yield builder.take();
}

function read(
  file: SplitPlan['files'][number],
  range: Split['ranges'][number],
  window: Awaited<ReturnType<typeof openWindow>>,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  switch (file.format) {
    case 'jsonl':
      return readJsonl(file, range, window, context);
    case 'text':
      return readText(file, window, context);
    case 'parquet':
      return readParquet(file, range, window, context);
    case 'arrow':
      return readArrow(file, range, context);
  }
}
