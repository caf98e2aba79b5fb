import type { BarrierDecision } from '../../../src/streams/flow/barrier.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { type BarrierRun, decisionsOf as decisions } from '../../helpers/barriers.ts';
import { batchOf } from '../../helpers/batches.ts';

export interface ValuedDocument {
  readonly ppl: number | null;
  readonly domain?: string;
}

/** Both passes of a barrier over literal splits of documents with a column `ppl`. */
export const decisionsOf = (
  operator: Operator,
  splits: readonly (readonly ValuedDocument[])[],
  run: BarrierRun = {},
): Promise<BarrierDecision[]> =>
  decisions(operator, splits, run, (part, place) => {
    const rows = part.map(({ domain }, i) => ({ text: `${place.split} ${place.sequence + i}`, domain }));
    return batchOf(rows, { ...place, annotations: { ppl: part.map((d) => d.ppl) } });
  });
