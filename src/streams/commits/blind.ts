import type { Seen, SeenUnit } from '../formats/loss.ts';

/** The part of counters that losses change. */
interface Totals {
  readonly read: { documents: number };
  readonly quarantined: {
    documents: number;
    estimated: number;
    readonly byReason: Record<string, number>;
    blind?: BlindCounters[];
  };
  seen?: Partial<Record<SeenUnit, Omit<Seen, 'unit'>>>;
}

/** Lost bytes of one unit and reason, and the documents that they are counted as. */
export interface BlindCounters {
  readonly unit: SeenUnit;
  readonly reason: string;
  readonly bytes: number;
  readonly documents: number;
  /** Of quarantine; each stands for one document at least. Counters of before do not say. */
  readonly records?: number;
}

/** Adds what was read well. */
export function addSeen(counters: Totals, { unit, documents, bytes }: Seen): void {
  const before = counters.seen?.[unit] ?? { documents: 0, bytes: 0 };
  const sum = { documents: before.documents + documents, bytes: before.bytes + bytes };
  counters.seen = { ...counters.seen, [unit]: sum };
}

/** Adds lost bytes to those of their unit and reason; their documents are counted elsewhere. */
export function addBlind({ quarantined }: Totals, blind: BlindCounters): void {
  const { unit, reason, bytes, documents, records = 1 } = blind;
  const list = [...(quarantined.blind ?? [])];
  const at = list.findIndex((x) => x.unit === unit && x.reason === reason);
  if (at < 0) list.push({ unit, reason, bytes, documents, records });
  else
    list[at] = {
      unit,
      reason,
      bytes: list[at].bytes + bytes,
      documents: list[at].documents + documents,
      records: (list[at].records ?? 1) + records,
    };
  quarantined.blind = list;
}

/**
 * Estimates anew how many documents blindly lost bytes stand for, by what was read well of their unit. What is read and
 * what is set aside change by the same number; the order of sums and how often it is done do not matter.
 */
export function estimateBlind(c: Totals, seen = c.seen): void {
  c.quarantined.blind = c.quarantined.blind?.map((blind) => {
    const { unit, reason, bytes, documents, records = 1 } = blind;
    const told = seen?.[unit];
    if (!told || told.documents === 0 || told.bytes === 0) return blind;
    const better = Math.max(records, Math.round((bytes * told.documents) / told.bytes));
    const q = c.quarantined;
    c.read.documents += better - documents;
    q.documents += better - documents;
    q.estimated += better - documents;
    q.byReason[reason] = (q.byReason[reason] ?? 0) + better - documents;
    return { unit, reason, bytes, documents: better, records };
  });
  if (c.quarantined.blind === undefined) delete c.quarantined.blind;
}
