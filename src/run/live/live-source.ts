import { cellsOf } from '../../ledger/live/cells-of.ts';
import { metricsText } from '../../ledger/live/metrics.ts';
import type { LiveState } from '../../ledger/live/state.ts';
import { Cells } from '../../sinks/live/cells.ts';
import type { LiveSource } from '../../sinks/live/server.ts';

/** A source of a live page that is given one state after the other. */
export class StateSource implements LiveSource {
  readonly cells = new Cells();
  readonly api: LiveSource['api'];
  #state: LiveState | null = null;
  #watchers = new Set<() => void>();

  constructor(api: LiveSource['api']) {
    this.api = {
      ...api,
      metrics: async () => ({ text: this.metrics() }),
    };
  }

  get state(): LiveState | null {
    return this.#state;
  }

  show(state: LiveState): void {
    this.#state = state;
    if (this.cells.replace(cellsOf(state))) for (const changed of this.#watchers) changed();
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  metrics(): string {
    return this.#state ? metricsText(this.#state) : '';
  }
}
