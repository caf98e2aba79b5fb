import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import type { UnreadColumn } from '../batch/unread.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { BatchBuilder } from './batch-builder.ts';
import type { Seen } from './loss.ts';

/** What the readers of one split share. */
export interface ReadContext {
  readonly kernel: Kernel;
  readonly options: ReadOptions;
  readonly builder: BatchBuilder;
}

/** Records of a kind that holds no documents: they are counted, and are no part of the documents read. */
export interface PassedOver {
  /** One of a few words of the format. */
  readonly kind: string;
  readonly records: number;
}

/**
 * What a reader gives, in input order: full batches, records set aside or passed over, columns that were not
 * understood, and what was read well.
 */
export type ReadEvent =
  | DocumentBatch
  | { readonly quarantined: QuarantinedRecord }
  | { readonly unread: UnreadColumn }
  | { readonly passed: PassedOver }
  | { readonly seen: Seen };

/** First bytes of a record, for people: what is no text or would move the cursor is replaced. */
export function excerptOf(head: Uint8Array): string {
  // Streaming: a code point cut at the end is left out.
  const text = new TextDecoder('utf-8').decode(head.subarray(0, EXCERPT_BYTES), {
    stream: head.length >= EXCERPT_BYTES,
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\t\n\r]/g, ' ').replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd');
}

const EXCERPT_BYTES = 240;
