import type { ServiceName } from '../../streams/services.ts';
import type { ErrorData } from '../../thread-errors.ts';

/** What a worker asks on the port of its task. */
export interface Question {
  readonly id: number;
  readonly service: ServiceName;
  readonly step: string;
  readonly request: unknown;
}

/** What comes back. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorData };
