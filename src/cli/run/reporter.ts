import type { RunEvent } from '../../run/events.ts';

/** Shows a run while it goes on. `close` gives the terminal back; it may be called twice. */
export interface Reporter {
  event(event: RunEvent): void;
  /** Something to say in between. */
  note(line: string): void;
  close(): void;
}

export interface ReporterOptions {
  readonly name: string;
  readonly limit: number | null;
}
