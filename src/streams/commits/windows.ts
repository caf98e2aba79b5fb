import type { DocumentBatch } from '../batch/batch.ts';
import { stringAt } from '../batch/columns.ts';
import { positionLabel } from '../batch/position.ts';
import { type Counters, entry } from './counters.ts';

/** What became of documents that stand one after the other in the input: what a drift is found in. */
export interface DropWindow {
  /** Position of the first document, `file#block.offset`. */
  readonly from: string;
  /** File of the last one: that of the first, unless files are small. */
  readonly to: string;
  /** Documents that came to this phase. */
  documents: number;
  /** Records that could not be read, before or among them. */
  quarantined: number;
  /** Position of the first of them; absent where there are none, and in runs of earlier versions. */
  readonly firstQuarantined?: string;
  /** `step.rule` -> documents; rules that dropped none are left out. */
  readonly dropped: Record<string, number>;
}

/** A window ends with the batch in which it has so many documents, or where another file begins after so many. */
const MOST = 1000;
const LEAST = 100;

/** Cuts the documents of a split into windows, by what its counters gain from batch to batch: nothing is read twice. */
export class DropWindows {
  readonly windows: DropWindow[] = [];
  #counters: Counters;
  #before = new Map<string, number>();
  #lost = 0;
  #open: DropWindow | null = null;
  /** Of the records that are in no window yet. */
  #firstLost: string | null = null;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Call after a batch is counted. */
  add(batch: DocumentBatch): void {
    if (batch.rows === 0) return;
    const files = batch.utf8('file');
    const [first, last] = [stringAt(files, 0) ?? '', stringAt(files, batch.rows - 1) ?? ''];
    const open = this.#open;
    if (open && (open.documents >= MOST || (open.documents >= LEAST && open.to !== first))) this.#open = null;
    if (this.#open === null) {
      this.#open = { from: positionLabel(batch, 0), to: last, documents: 0, quarantined: 0, dropped: {} };
      this.windows.push(this.#open);
    }
    const window = this.#open as { -readonly [K in keyof DropWindow]: DropWindow[K] };
    window.to = last;
    window.documents += batch.rows;
    this.#take(window);
  }

  /** Call with the position of each record that is set aside, in their order. */
  lost(position: () => string): void {
    this.#firstLost ??= position();
  }

  /** Call at the end: what was lost after the last batch. */
  end(): void {
    let last = this.windows.at(-1);
    const [example] = this.#counters.quarantined.examples;
    if (!last && example) {
      const file = example.position.slice(0, example.position.lastIndexOf('#'));
      last = { from: example.position, to: file, documents: 0, quarantined: 0, dropped: {} };
      this.windows.push(last);
    }
    if (last) this.#take(last);
  }

  #take(window: { -readonly [K in keyof DropWindow]: DropWindow[K] }): void {
    const { steps, quarantined } = this.#counters;
    for (const [step, rules] of Object.entries(steps))
      for (const [rule, { dropped }] of Object.entries(rules)) {
        const name = `${step}.${rule}`;
        const more = dropped - (this.#before.get(name) ?? 0);
        if (more === 0) continue;
        window.dropped[name] = entry(window.dropped, name, () => 0) + more;
        this.#before.set(name, dropped);
      }
    if (quarantined.records > this.#lost) {
      if (this.#firstLost !== null) window.firstQuarantined ??= this.#firstLost;
      this.#firstLost = null;
    }
    window.quarantined += quarantined.records - this.#lost;
    this.#lost = quarantined.records;
  }
}
