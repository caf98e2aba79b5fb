import { loadKernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { stringAt } from '../../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { readSplit } from '../../streams/formats/read-split.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';

/** What the first documents of an input are like. */
export interface Sample {
  documents: number;
  textBytes: number;
  longestBytes: number;
  emptyTexts: number;
  domains: Record<string, number>;
  quarantined: {
    records: number;
    documents: number;
    byReason: Record<string, number>;
    first: QuarantinedRecord | null;
  };
  readonly shown: { id: string; domain: string; bytes: number; text: string }[];
}

const SHOWN_CHARACTERS = 600;
const BATCH_BYTES = 64 * 1024;

/** Reads about `most` records from the beginning; the first `shown` documents with the beginning of their text. */
export async function sampleOf(plan: SplitPlan, read: ReadOptions, most: number, shown: number): Promise<Sample> {
  const byReason = new Map<string, number>();
  const domains = new Map<string, number>();
  const enough = new AbortController();
  const s: Sample = {
    documents: 0,
    textBytes: 0,
    longestBytes: 0,
    emptyTexts: 0,
    domains: {},
    quarantined: { records: 0, documents: 0, byReason: {}, first: null },
    shown: [],
  };
  const onQuarantine = (r: QuarantinedRecord): void => {
    s.quarantined.records++;
    s.quarantined.documents += r.rows ?? 1;
    s.quarantined.first ??= r;
    byReason.set(r.reason, (byReason.get(r.reason) ?? 0) + (r.rows ?? 1));
    // Where nothing is a document no batch ever comes.
    if (s.quarantined.records >= most) enough.abort();
  };
  const given = { kernel: await loadKernel(), onQuarantine, batchBytes: BATCH_BYTES, signal: enough.signal };
  try {
    for await (const batch of batchesOf(plan, read, given)) {
      add(s, domains, batch, most, shown);
      if (s.documents + s.quarantined.records >= most) break;
    }
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  s.domains = Object.fromEntries(domains);
  s.quarantined.byReason = Object.fromEntries(byReason);
  return s;
}

async function* batchesOf(
  plan: SplitPlan,
  read: ReadOptions,
  given: Parameters<typeof readSplit>[3],
): AsyncGenerator<DocumentBatch> {
  for (const split of plan.splits) yield* readSplit(split, plan, read, given);
}

function add(s: Sample, domains: Map<string, number>, batch: DocumentBatch, most: number, shown: number): void {
  const { offsets } = batch.utf8('text');
  for (let i = 0; i < batch.rows && s.documents < most; i++) {
    const bytes = offsets[i + 1] - offsets[i];
    const domain = stringAt(batch.utf8('domain'), i) ?? '';
    s.documents++;
    s.textBytes += bytes;
    s.longestBytes = Math.max(s.longestBytes, bytes);
    if (bytes === 0) s.emptyTexts++;
    domains.set(domain, (domains.get(domain) ?? 0) + 1);
    if (s.shown.length >= shown) continue;
    const id = stringAt(batch.utf8('id'), i) ?? '';
    s.shown.push({ id, domain, bytes, text: batch.text(i).slice(0, SHOWN_CHARACTERS) });
  }
}
