import { join } from 'node:path';
import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import { documentColumns } from '../../sinks/documents.ts';
import { ledgerQuarantineRows, ledgerRows } from '../../sinks/ledger.ts';
import { quarantineRows } from '../../sinks/quarantine.ts';
import type { SegmentWriter } from '../../sinks/segment.ts';
import { ledgerSink, openSegmentWriter, quarantineSink } from '../../sinks/writers.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { labelOf } from '../../streams/batch/position.ts';
import { addUnread, type UnreadColumn } from '../../streams/batch/unread.ts';
import { addSeen } from '../../streams/commits/blind.ts';
import { addPassed, type Counters, emptyCounters } from '../../streams/commits/counters.ts';
import {
  countFailed,
  countOutcome,
  countQuarantined,
  countRead,
  originalBytes,
} from '../../streams/commits/counting.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import { DropWindows } from '../../streams/commits/windows.ts';
import { BarrierWriter } from '../../streams/flow/barrier.ts';
import { inParts, writeParted } from '../../streams/flow/parted.ts';
import type { PassedOver } from '../../streams/formats/context.ts';
import type { Seen } from '../../streams/formats/loss.ts';
import { type FailedRow, setAside } from '../../streams/split/isolate.ts';
import { barrierPaths, segmentPath, sinkPlaces } from '../directory/layout.ts';
import { carriedOver } from './carry.ts';
import type { SplitTask, TaskResult } from './tasks.ts';

/** Everything that one split writes in one phase. Batches come in order; `finish` gives the files for the commit. */
export class SplitOutput {
  readonly counters: Counters = emptyCounters();
  #task: SplitTask;
  #documents: { sink: string; writer: SegmentWriter }[];
  #ledger: SegmentWriter;
  #quarantine: SegmentWriter;
  #barrier: BarrierWriter | null;
  /** Sorts the side columns into the parts in which the barrier decides; null: it decides over all. */
  #parted: (() => Promise<number>) | null;
  #aside: QuarantinedRecord[] = [];
  #windows = new DropWindows(this.counters);

  private constructor(
    task: SplitTask,
    documents: { sink: string; writer: SegmentWriter }[],
    ledger: SegmentWriter,
    quarantine: SegmentWriter,
    barrier: BarrierWriter | null,
    parted: (() => Promise<number>) | null,
  ) {
    this.#task = task;
    this.#documents = documents;
    this.#ledger = ledger;
    this.#quarantine = quarantine;
    this.#barrier = barrier;
    this.#parted = parted;
  }

  static async open(task: SplitTask, kernel: Kernel): Promise<SplitOutput> {
    const { runDirectory, phase, split } = task;
    const at = (folder: string) => ({ runDirectory, path: segmentPath(folder, split.index, phase.number), kernel });
    const documents: { sink: string; writer: SegmentWriter }[] = [];
    let barrier: BarrierWriter | null = null;
    let parted: (() => Promise<number>) | null = null;
    if (phase.before) {
      const paths = barrierPaths(phase.before.step, split.index);
      const made = await makeBarrier(phase.before, kernel);
      const keys = join(runDirectory, paths.keys);
      barrier = await BarrierWriter.open(made, unpublished(join(runDirectory, paths.spill)), unpublished(keys));
      const { parts } = task;
      if (parts !== undefined && inParts(made))
        parted = () => writeParted(unpublished(keys), unpublished(`${keys}-parts`), made, parts);
    } else {
      for (const { name, folder, sink } of sinkPlaces(task))
        documents.push({ sink: name, writer: await openSegmentWriter(sink, at(folder)) });
    }
    const ledger = await openSegmentWriter(ledgerSink, at('ledger'));
    const quarantine = await openSegmentWriter(quarantineSink, at('quarantine'));
    return new SplitOutput(task, documents, ledger, quarantine, barrier, parted);
  }

  /** Call with every batch as it comes from the source, before any step. */
  read(batch: DocumentBatch): void {
    countRead(this.counters, batch, this.#task.phase.after ? 'barrier' : 'input');
  }

  quarantine(record: QuarantinedRecord): void {
    countQuarantined(this.counters, record);
    this.#aside.push(record);
    this.#windows.lost(() => labelOf(record));
  }

  /** Counts a column that could not be understood. */
  unread(column: UnreadColumn): void {
    this.counters.unread = addUnread(this.counters.unread ?? [], column);
  }

  /** Counts records that hold no documents. */
  passed({ kind, records }: PassedOver): void {
    addPassed(this.counters, kind, records);
  }

  /** Counts what was read well, for the estimates of what is lost. */
  seen(seen: Seen): void {
    addSeen(this.counters, seen);
  }

  /** Sets documents of a batch aside that were read, and that no step may see again. */
  setAside(batch: DocumentBatch, failed: readonly FailedRow[]): void {
    if (failed.length === 0) return;
    const bytes = originalBytes(batch);
    for (const f of [...failed].sort((a, b) => a.row - b.row)) {
      const record = setAside(batch, f, bytes[f.row]);
      countFailed(this.counters, record);
      this.#aside.push(record);
    }
  }

  async write(batch: DocumentBatch): Promise<void> {
    await this.#writeAside();
    const last = this.#barrier === null;
    countOutcome(this.counters, batch, last, this.#task.annotations);
    this.#windows.add(batch);
    await this.#ledger.write(ledgerRows(batch, this.#task.annotations, last ? 'all' : 'dropped', this.#task.creates));
    if (this.#barrier) return this.#barrier.write(carriedOver(batch));
    if (this.#documents.length === 0) return;
    const kept = documentColumns(batch, this.#task.annotations, this.#task.rewritten, this.#task.creates);
    for (const { writer } of this.#documents) await writer.write(kept);
  }

  async #writeAside(): Promise<void> {
    const records = this.#aside;
    if (records.length === 0) return;
    this.#aside = [];
    await this.#ledger.write(ledgerQuarantineRows(records, this.#task.annotations, this.#task.creates));
    await this.#quarantine.write(quarantineRows(records, this.#task.creates));
  }

  async finish(): Promise<TaskResult> {
    await this.#writeAside();
    const files: CommittedFile[] = [];
    const all = [
      ...this.#documents,
      { sink: 'ledger', writer: this.#ledger },
      { sink: 'quarantine', writer: this.#quarantine },
    ];
    for (const { sink, writer } of all) {
      const file = await writer.finish();
      if (file) files.push({ sink, ...file });
      for (const [name, own] of Object.entries(writer.beside ?? {})) files.push({ sink: `${sink}.${name}`, ...own });
    }
    if (this.#barrier) {
      const paths = barrierPaths(this.#task.phase.before!.step, this.#task.split.index);
      const { spillBytes, keyBytes } = await this.#barrier.finish();
      const rest = {
        sink: 'work',
        rows: this.counters.passed.documents,
        textBytes: this.counters.passed.bytes,
        xxh64: '',
      };
      files.push({ ...rest, path: paths.spill, bytes: spillBytes }, { ...rest, path: paths.keys, bytes: keyBytes });
      if (this.#parted) files.push({ ...rest, path: `${paths.keys}-parts`, bytes: await this.#parted() });
    }
    this.#windows.end();
    return { files, counters: this.counters, windows: this.#windows.windows };
  }

  async abort(): Promise<void> {
    for (const { writer } of this.#documents) await writer.abort();
    await this.#ledger.abort();
    await this.#quarantine.abort();
    await this.#barrier?.abort();
  }
}
