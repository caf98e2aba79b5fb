import { cellsOf } from '../../ledger/live/cells-of.ts';
import { metricsText } from '../../ledger/live/metrics.ts';
import type { LiveState } from '../../ledger/live/state.ts';
import { Cells } from '../../sinks/live/cells.ts';
import type { LiveSource } from '../../sinks/live/server.ts';

/** A source of a live page that is given one state after the other. */
export class StateSource implements LiveSource {
  #cells = new Cells();
  readonly api: LiveSource['api'];
  #state: LiveState | null = null;
  /** What is to be shown when somebody looks. */
  #next: (() => LiveState | null) | null = null;
  #beside: readonly (readonly [string, unknown])[] = [];
  #watchers = new Set<() => void>();

  constructor(api: LiveSource['api']) {
    this.api = {
      ...api,
      metrics: async () => ({ text: this.metrics() }),
    };
  }

  get cells(): Cells {
    this.#take();
    return this.#cells;
  }

  get state(): LiveState | null {
    this.#take();
    return this.#state;
  }

  show(state: LiveState): void {
    this.#next = null;
    this.#state = state;
    this.#put();
  }

  /** The same of a state that is made when it is needed: at once where somebody looks on, else when somebody asks. */
  showNext(state: () => LiveState | null): void {
    this.#next = state;
    if (this.#watchers.size > 0) this.#take();
  }

  #take(): void {
    const state = this.#next?.() ?? null;
    this.#next = null;
    if (state !== null) this.show(state);
  }

  /** Cells that are not of the run: of what stands beside it. */
  showBeside(cells: readonly (readonly [string, unknown])[]): void {
    this.#beside = cells;
    this.#put();
  }

  #put(): void {
    const cells = [...(this.#state ? cellsOf(this.#state) : []), ...this.#beside.filter(([, cell]) => cell !== null)];
    if (this.#cells.replace(cells)) for (const changed of this.#watchers) changed();
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  whole(): Iterable<readonly [string, unknown]> {
    const { state } = this;
    return [...(state ? cellsOf(state, { examples: true }) : []), ...this.#beside];
  }

  metrics(): string {
    return this.state ? metricsText(this.state) : '';
  }
}
