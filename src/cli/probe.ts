import { firstValueFrom, of } from 'rxjs';
import { loadKernel } from '../kernels/kernel.ts';
import { makeStage } from '../operators/index.ts';
import { annotationColumns, type Recipe } from '../recipe.ts';
import {
  documentColumns,
  type FileSystem,
  ledgerRows,
  ledgerSink,
  nullColumn,
  openSegmentWriter,
  type SegmentWriter,
} from '../sinks/index.ts';
import type { DocumentBatch } from '../streams/batch.ts';
import { type Counters, emptyCounters } from '../streams/counters.ts';
import { countOutcome, countQuarantined, countRead } from '../streams/counting.ts';
import { isBarrier, rewritesText, type StepDescriptor } from '../streams/operator.ts';
import type { QuarantinedRecord } from '../streams/outcome.ts';
import { readSplit } from '../streams/readers/read-split.ts';
import type { Split, SplitPlan } from '../streams/splits.ts';

/** What a short try measured, on one thread. Deduplication is not tried: it has to see everything. */
export interface Probe {
  readonly seconds: number;
  readonly textBytes: number;
  /** Text per byte of the input files, as on disk. */
  readonly textPerInputByte: number;
  /** Text per second of one thread. */
  readonly bytesPerSecond: number;
  readonly counters: Counters;
  /** Bytes that the sinks and the ledger made of it, per byte of text read. */
  readonly outputShare: number;
  readonly ledgerShare: number;
  readonly documentBytes: number;
}

const LIMIT_MS = 3000;
const LIMIT_SPLITS = 8;
const BYTES_PER_SPLIT = 6e6;
/** Before this the engine's code is still being compiled. */
const WARM_UP_MS = 300;

const withoutScores = ({ writes }: StepDescriptor, b: DocumentBatch): DocumentBatch =>
  b.withColumns(writes.map(({ name, type }) => [name, nullColumn(type, b.rows)]));

/** Reads, annotates, judges and encodes the beginnings of up to 8 splits for up to 3 seconds in all; what the sinks write is counted and let go. */
export async function probe(recipe: Recipe, plan: SplitPlan): Promise<Probe> {
  const kernel = await loadKernel();
  const annotations = annotationColumns(recipe.steps.map((s) => s.descriptor));
  const rewritten = recipe.steps.some((s) => rewritesText(s.descriptor));
  const stages = await Promise.all(
    recipe.steps
      .filter((s) => !isBarrier(s.descriptor))
      .map(async (s) => {
        // A model would take all of the probe's seconds for its first batch.
        if (s.descriptor.models) return async (b: DocumentBatch) => withoutScores(s.descriptor, b);
        if (s.descriptor.kind === 'custom') return (b: DocumentBatch) => firstValueFrom(of(b).pipe(s));
        const stage = await makeStage(s.descriptor, kernel);
        return async (b: DocumentBatch) => stage.apply(b);
      }),
  );
  const written = new Map<string, number>();
  const place = (path: string) => ({ runDirectory: '', path, fileSystem: countingFileSystem(written) });
  const documents = await Promise.all(recipe.sinks.map((s) => openSegmentWriter(s, place(s.name))));
  const ledger = await openSegmentWriter(ledgerSink, place('ledger'));
  const counters = emptyCounters();
  const start = performance.now();
  const ratio = { text: 0, input: 0 };
  let inputBytes = 0;
  const onProgress = (bytes: number): void => {
    inputBytes += bytes;
  };
  let warm: { at: number; bytes: number } | null = null;
  const tried = spread(plan.splits);
  for (const [k, split] of tried.entries()) {
    const from = { text: counters.read.bytes, input: inputBytes };
    let first: typeof from | null = null;
    let whole = true;
    const stopAt = counters.read.bytes + BYTES_PER_SPLIT;
    const onQuarantine = (r: QuarantinedRecord): void => countQuarantined(counters, r);
    for await (const read of readSplit(split, plan, recipe.read, { kernel, onQuarantine, onProgress })) {
      countRead(counters, read, 'input');
      first ??= { text: counters.read.bytes, input: inputBytes };
      let batch = read;
      for (const apply of stages) batch = await apply(batch);
      countOutcome(counters, batch, true);
      await ledger.write(ledgerRows(batch, annotations));
      const kept = documentColumns(batch, annotations, rewritten);
      for (const w of documents) await w.write(kept);
      const at = performance.now();
      if (warm === null && at - start > WARM_UP_MS) warm = { at, bytes: counters.read.bytes };
      if (counters.read.bytes > stopAt || at - start > (LIMIT_MS * (k + 1)) / tried.length) {
        whole = false;
        break;
      }
    }
    // A reader is ahead of what it has handed out, by about as much at every batch.
    const since = whole ? from : (first ?? from);
    ratio.text += counters.read.bytes - since.text;
    ratio.input += inputBytes - since.input;
  }
  for (const w of [...documents, ledger] as SegmentWriter[]) await w.finish();
  const end = performance.now();
  const textBytes = counters.read.bytes;
  // A few batches after the warm-up tell more than all of them; fewer do not.
  const measured = warm !== null && textBytes - warm.bytes > textBytes / 2 ? warm : { at: start, bytes: 0 };
  const bytesOf = (name: string): number =>
    [...written].filter(([path]) => path.startsWith(name)).reduce((n, [, b]) => n + b, 0);
  const ledgerBytes = bytesOf('ledger');
  const all = [...written.values()].reduce((a, b) => a + b, 0);
  return {
    seconds: (end - start) / 1000,
    textBytes,
    textPerInputByte: ratio.input === 0 ? 0 : ratio.text / ratio.input,
    bytesPerSecond: (1000 * (textBytes - measured.bytes)) / Math.max(1, end - measured.at),
    counters,
    outputShare: textBytes === 0 ? 0 : (all - ledgerBytes) / textBytes,
    ledgerShare: textBytes === 0 ? 0 : ledgerBytes / textBytes,
    documentBytes: all - ledgerBytes,
  };
}

/** Some of the splits, from all over the input: files often hold one kind of text each. */
function spread(splits: readonly Split[]): readonly Split[] {
  const n = Math.min(LIMIT_SPLITS, splits.length);
  return Array.from({ length: n }, (_, i) => splits[Math.floor((i * splits.length) / n)]);
}

/** Takes every write and keeps nothing but its length. */
function countingFileSystem(written: Map<string, number>): FileSystem {
  const paths = new Map<object, string>();
  const nothing = async (): Promise<void> => {};
  return {
    async open(path) {
      const file = {} as Awaited<ReturnType<FileSystem['open']>>;
      paths.set(file, path);
      return file;
    },
    async write(file, bytes) {
      const path = paths.get(file)!;
      written.set(path, (written.get(path) ?? 0) + bytes.length);
    },
    read: async () => 0,
    size: async (file) => written.get(paths.get(file)!) ?? 0,
    fsync: nothing,
    close: nothing,
    rename: nothing,
    unlink: nothing,
    fsyncFolder: nothing,
  };
}
