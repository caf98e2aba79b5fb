import { ConfigError } from '../../errors.ts';
import { tokenizerBytes } from '../../models/tokenizers/tokenizer-memory.ts';
import { TOKENS } from '../../streams/batch/token-ids.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/** Buffers of one split in work, measured: batch, kernel memory, one open row group per sink, its encoder. */
export const SPLIT_BYTES = 96 * 1024 * 1024;

/**
 * A document that is a file of its own may be larger than a batch: its text, copies of it and kernel tables for each
 * byte more. Measured: 13, as much as 18 beside a thread that waits, which keeps the buffers it has, and 22 on Node 24,
 * which collects garbage later.
 */
const BYTES_PER_LARGE_BYTE = 24;
const LARGE_DOCUMENT = 2 * 1024 * 1024;

/** Memory of the largest document among some files, beyond that of any split. @param most longer texts are not read */
function largeBytesOf(files: readonly PlannedFile[], most: number): number {
  const texts = files.filter((f) => f.format === 'text').map((f) => f.textBytes ?? f.size);
  const largest = texts.reduce((n, bytes) => (bytes <= most ? Math.max(n, bytes) : n), 0);
  return BYTES_PER_LARGE_BYTE * Math.max(0, largest - LARGE_DOCUMENT);
}

/** Memory of a split of some files. */
export const splitBytesOf = (files: readonly PlannedFile[], mostText: number): number =>
  SPLIT_BYTES + windowBytesOf(files) + largeBytesOf(files, mostText);

/** Memory that a thread holds for steps beside its split: tokenizers. */
export function heldBytes(steps: readonly StepDescriptor[]): number {
  const tokenizers = steps.filter((s) => s.writes.some(({ name }) => name === TOKENS.name));
  return tokenizers.reduce((n, { options }) => n + tokenizerBytes(String(options.tokenizer ?? 'bytes')), 0);
}

/** Memory of the largest zstd window among some files, which are read one after the other. */
export const windowBytesOf = (files: readonly PlannedFile[]): number =>
  files.reduce((most, f) => Math.max(most, f.windowBytes ?? 0), 0);

/** Refuses a file whose zstd window does not fit the budget: half of it would be lost in the middle of a run. */
export function refuseLargeWindows(files: readonly PlannedFile[], memory: number): void {
  const found = files.find((f) => SPLIT_BYTES + (f.windowBytes ?? 0) > memory);
  if (found?.windowBytes === undefined) return;
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
  const need = SPLIT_BYTES + found.windowBytes;
  throw new ConfigError({
    expected: `a budget of at least ${megabytes(need)} MB, for the large zstd window (--long) of ${found.path}`,
    got: `${megabytes(memory)} MB`,
    where: '--memory',
    fix: `Use --memory ${megabytes(need)}MB, or unpack it first: zstd -dc --long=31 FILE | sluice run ... --input -`,
  });
}
