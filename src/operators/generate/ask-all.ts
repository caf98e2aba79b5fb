import type { Asked, Outcome } from '../../models/generators/asker.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { nullColumn, stringAt } from '../../streams/batch/columns.ts';
import { LINEAGE } from '../../streams/batch/lineage.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { Services } from '../../streams/services.ts';

/** Asks for many answers at once; one outcome a request, in their order. */
export type AskAll = (requests: readonly Asked[]) => Promise<readonly Outcome[]>;

/** What a stage sends to the main thread. */
export interface GenerateRequest {
  readonly requests: readonly Asked[];
}

/** Asks the main thread; where nobody can be asked (`sluice plan`), no request is sent. */
export function asksFor(step: string, services: Services | null): AskAll {
  if (services === null) return async (requests) => requests.map(() => UNASKED);
  return (requests) =>
    requests.length === 0
      ? Promise.resolve([])
      : services.call<readonly Outcome[]>('generator', step, { requests } satisfies GenerateRequest);
}

const UNASKED: Outcome = {
  status: 'unasked',
  text: '',
  finish: null,
  reason: 'nobody is asked here',
  key: '',
  usage: { promptTokens: 0, tokens: 0 },
  cost: 0,
};

/** True of a document that a generator wrote. */
export function isGenerated(batch: DocumentBatch, row: number): boolean {
  const generator = batch.columns.get(LINEAGE.generator);
  return generator?.type === 'utf8' && stringAt(generator, row) !== null;
}

/** The batch with rows that wait for another start, beside those that waited before. */
export function withWaiting(batch: DocumentBatch, reasons: ReadonlyMap<number, string>): DocumentBatch {
  if (reasons.size === 0) return batch;
  const retry = Array.from({ length: batch.rows }, (_, row) => reasons.get(row) ?? batch.retry?.[row] ?? null);
  return batch.with({ retry });
}

/** The batch with every column that a step declares: null where there was nothing to write. */
export function withDeclared(batch: DocumentBatch, { writes }: StepDescriptor): DocumentBatch {
  const missing = writes.filter(({ name }) => !batch.columns.has(name));
  return batch.withColumns(missing.map(({ name, type }) => [name, nullColumn(type, batch.rows)]));
}
