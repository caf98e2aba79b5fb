import { ConfigError } from '../../errors.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { QuantileSketch } from '../../streams/commits/quantile-sketch.ts';
import { chargeOf, type Lease, retain } from '../../streams/flow/budget.ts';
import { BATCH_TEXT_BYTES } from '../../streams/plan/splits.ts';

/** Documents that are ranked together. */
export interface Group {
  /** Domain, or null for all documents. */
  readonly domain: string | null;
  readonly sketch: QuantileSketch;
  /** False once there are values enough, or no more room to wait for them. */
  waits: boolean;
}

export interface WarmUpOptions {
  readonly step: string;
  /** Values that a group waits for. */
  readonly warmUp: number;
  /** Bytes of batches held at most. */
  readonly warmUpBytes: number;
  readonly judge: (batch: DocumentBatch) => DocumentBatch;
  readonly onWarning: (text: string) => void;
}

/** Domains that are named, each in a warning. */
const NAMED = 10;

interface Held {
  readonly batch: DocumentBatch;
  readonly groups: readonly Group[];
  readonly bytes: number;
  readonly charge: number;
  /** Of the budget that the batch belongs to, if any. */
  readonly lease: Lease;
  readonly judged: () => DocumentBatch;
}

/** Batches that wait until all groups in them are warm, in input order. */
export interface WarmUp {
  /** Takes one batch with the groups of its values; gives those that can be judged now. */
  take(batch: DocumentBatch, groups: readonly Group[]): Iterable<DocumentBatch>;
  /** The rest, at the end of the stream. */
  rest(): Iterable<DocumentBatch>;
  /** Forgets what is held. */
  close(): void;
}

/**
 * Which batch is held, and for how long, follows from the batches alone: a budget with less room than `warmUpBytes`
 * asks for is an error (ConfigError), never another result.
 */
export function warmUpOf({ step, warmUp, warmUpBytes, judge, onWarning }: WarmUpOptions): WarmUp {
  const held: Held[] = [];
  let bytes = 0;
  let charge = 0;
  let endedEarly = 0;
  function* release(): Iterable<DocumentBatch> {
    const head = held.shift()!;
    bytes -= head.bytes;
    charge -= head.charge;
    try {
      yield head.judged();
    } finally {
      // Who works on it from here on has charged it by now.
      head.lease.release();
    }
  }
  const giveUp = (group: Group): void => {
    group.waits = false;
    if (++endedEarly > NAMED) return;
    const whose = group.domain === null ? '' : ` of domain ${JSON.stringify(group.domain)}`;
    onWarning(
      `${step}: the warm-up${whose} ended after ${group.sketch.count} of ${warmUp} documents: more would ` +
        `not fit in warmUpBytes (${warmUpBytes})`,
    );
  };
  return {
    *take(batch, groups) {
      for (const group of groups) if (group.sketch.count >= warmUp) group.waits = false;
      const { lease, credit } = retain(batch, step);
      const judged = (): DocumentBatch => (credit ? judge(batch).withCredit(credit) : judge(batch));
      held.push({ batch, groups, bytes: bytesOf(batch), charge: credit ? chargeOf(batch) : 0, lease, judged });
      bytes += held[held.length - 1].bytes;
      charge += held[held.length - 1].charge;
      while (held.length > 0) {
        const cold = held[0].groups.filter((g) => g.waits);
        if (cold.length > 0 && bytes <= warmUpBytes) break;
        cold.forEach(giveUp);
        yield* release();
      }
      // What the source asks for before it reads on.
      const next = 2 * BATCH_TEXT_BYTES;
      if (held.length > 0 && credit && charge + next > credit.limit)
        throw new ConfigError({
          expected: `memory for a warm-up of ${warmUpBytes} bytes`,
          got: `a budget of ${credit.limit}, of which ${charge} are held and ${next} are needed to read on`,
          where: `step ${step}`,
          fix:
            'Give the source more memory (at least ' +
            `${Math.ceil(warmUpBytes * Math.max(1.4, charge / bytes)) + next}), or a smaller warmUpBytes.`,
        });
    },
    *rest() {
      if (endedEarly > NAMED)
        onWarning(`${step}: the warm-up of ${endedEarly - NAMED} more domains ended early in the same way`);
      while (held.length > 0) yield* release();
    },
    close() {
      for (const { lease } of held.splice(0)) lease.release();
    },
  };
}

/**
 * Bytes of columns and verdicts, as the batch says it; not of the buffers behind them, which may be larger or shared.
 */
function bytesOf(batch: DocumentBatch): number {
  const own = batch.originalText ? [...batch.columns.values(), batch.originalText] : [...batch.columns.values()];
  let bytes = 0;
  for (const column of own) {
    if (column.type === 'utf8') bytes += column.offsets[batch.rows] - column.offsets[0] + column.offsets.byteLength;
    else bytes += column.values.byteLength;
    bytes += column.valid?.byteLength ?? 0;
  }
  for (const { judged, rule, value, failed } of batch.verdicts)
    bytes += judged.byteLength + rule.byteLength + value.byteLength + failed.byteLength;
  return bytes;
}
