import type { BlindCounters } from './blind.ts';

type Lost = Pick<BlindCounters, 'unit' | 'reason' | 'bytes'>;

/**
 * Shares the documents of `totals` out among the records that were counted in them, asked for in input order: one for
 * each, and the others by its bytes, so that together they are what the totals say.
 * @param before what of the totals was given to records before the first that is asked for
 */
export function blindRows(
  totals: readonly BlindCounters[],
  before: readonly BlindCounters[] = [],
): (record: Lost) => number {
  const given = new Map<string, number>();
  for (const lost of before) given.set(keyOf(lost), lost.bytes);
  return (record) => {
    const total = totals.find((t) => keyOf(t) === keyOf(record));
    if (total === undefined || total.bytes === 0) return 1;
    const from = given.get(keyOf(record)) ?? 0;
    const to = from + record.bytes;
    given.set(keyOf(record), to);
    const others = total.documents - (total.records ?? 1);
    return 1 + Math.round((others * to) / total.bytes) - Math.round((others * from) / total.bytes);
  };
}

const keyOf = ({ unit, reason }: Pick<Lost, 'unit' | 'reason'>): string => `${unit} ${reason}`;
