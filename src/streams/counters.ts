import type { DocumentBatch } from './batch.ts';
import { stringAt } from './columns.ts';
import type { CutSpans, QuarantinedRecord } from './outcome.ts';

/** Documents, bytes of original text and estimated tokens. */
export interface Amount {
  documents: number;
  bytes: number;
  tokens: number;
}

/** What happened to the documents of one domain. */
export interface DomainCounters {
  read: Amount;
  kept: Amount;
  dropped: Amount;
}

/** A dropped document that shows what a rule does. */
export interface DropExample {
  readonly id: string;
  readonly domain: string;
  readonly value: number | null;
  readonly excerpt: string;
}

/** A record that could not be read. */
export interface QuarantineExample {
  /** `file#block.offset`. */
  readonly position: string;
  readonly reason: string;
  readonly excerpt: string;
}

export interface RuleCounters {
  /** Documents for which this rule was the first to fail. */
  dropped: number;
  droppedBytes: number;
  /** Documents that fail it, whichever rule was first. */
  failed: number;
  /** Documents it could not judge for lack of a value. */
  nulls: number;
  byDomain: Record<string, number>;
  threshold: number;
  /** First three in input order. */
  examples: DropExample[];
}

/** All that is counted; plain data, merged in split order, so totals do not depend on workers. */
export interface Counters {
  /** Documents read from the input, those set aside in quarantine included. Bytes are text bytes. */
  read: Amount;
  created: Amount;
  kept: Amount;
  dropped: Amount;
  /** Documents handed over a barrier to the next phase, and taken over there. */
  passed: Amount;
  received: Amount;
  /** Bytes are raw input bytes. Examples: the first three in input order. */
  quarantined: {
    records: number;
    bytes: number;
    /** Of them, text bytes of documents that were read well and set aside because a step failed on them. */
    textBytes: number;
    byReason: Record<string, number>;
    examples: QuarantineExample[];
  };
  /** Bytes of the spans that rewrites cut out of kept documents, and bytes that they put in their place. */
  cutBytes: number;
  addedBytes: number;
  /** Bytes by which kept texts differ from what was read without a span that says so: 0, or the run stops. */
  unexplainedBytes: number;
  /** Kept documents that no rule judged. */
  unjudged: number;
  domains: Record<string, DomainCounters>;
  /** step -> rule. */
  steps: Record<string, Record<string, RuleCounters>>;
}

const amount = (): Amount => ({ documents: 0, bytes: 0, tokens: 0 });
const domainCounters = (): DomainCounters => ({ read: amount(), kept: amount(), dropped: amount() });

export const emptyCounters = (): Counters => ({
  read: amount(),
  created: amount(),
  kept: amount(),
  dropped: amount(),
  passed: amount(),
  received: amount(),
  quarantined: { records: 0, bytes: 0, textBytes: 0, byReason: {}, examples: [] },
  cutBytes: 0,
  addedBytes: 0,
  unexplainedBytes: 0,
  unjudged: 0,
  domains: {},
  steps: {},
});

const EXAMPLES = 3;
const EXAMPLE_CHARACTERS = 160;

function add(a: Amount, documents: number, bytes: number, tokens: number): void {
  a.documents += documents;
  a.bytes += bytes;
  a.tokens += tokens;
}

/** Record of a key that may be any string from data, `__proto__` included. */
function entry<T>(record: Record<string, T>, key: string, make: () => T): T {
  if (!Object.hasOwn(record, key)) {
    Object.defineProperty(record, key, { value: make(), writable: true, enumerable: true, configurable: true });
  }
  return record[key];
}

/** Sum of two; `a` is the earlier in input order. `a` is changed and returned. */
export function mergeCounters(a: Counters, b: Counters): Counters {
  for (const k of ['read', 'created', 'kept', 'dropped', 'passed', 'received'] as const)
    add(a[k], b[k].documents, b[k].bytes, b[k].tokens);
  a.quarantined.records += b.quarantined.records;
  a.quarantined.bytes += b.quarantined.bytes;
  a.quarantined.textBytes += b.quarantined.textBytes;
  for (const [reason, n] of Object.entries(b.quarantined.byReason)) {
    a.quarantined.byReason[reason] = entry(a.quarantined.byReason, reason, () => 0) + n;
  }
  a.quarantined.examples = [...a.quarantined.examples, ...b.quarantined.examples].slice(0, EXAMPLES);
  a.cutBytes += b.cutBytes;
  a.addedBytes += b.addedBytes;
  a.unexplainedBytes += b.unexplainedBytes;
  a.unjudged += b.unjudged;
  for (const [name, d] of Object.entries(b.domains)) {
    const mine = entry(a.domains, name, domainCounters);
    for (const k of ['read', 'kept', 'dropped'] as const) add(mine[k], d[k].documents, d[k].bytes, d[k].tokens);
  }
  for (const [step, rules] of Object.entries(b.steps)) {
    const mineRules = entry(a.steps, step, () => ({}) as Record<string, RuleCounters>);
    for (const [rule, c] of Object.entries(rules)) {
      const mine = entry(mineRules, rule, () => ruleCounters(c.threshold));
      mine.dropped += c.dropped;
      mine.droppedBytes += c.droppedBytes;
      mine.failed += c.failed;
      mine.nulls += c.nulls;
      for (const [domain, n] of Object.entries(c.byDomain))
        mine.byDomain[domain] = entry(mine.byDomain, domain, () => 0) + n;
      mine.examples = [...mine.examples, ...c.examples].slice(0, EXAMPLES);
    }
  }
  return a;
}

const ruleCounters = (threshold: number): RuleCounters => ({
  dropped: 0,
  droppedBytes: 0,
  failed: 0,
  nulls: 0,
  byDomain: {},
  threshold,
  examples: [],
});

/** Counts documents as they come from the input or over a barrier. */
export function countRead(counters: Counters, batch: DocumentBatch, from: 'input' | 'barrier'): void {
  if (from === 'barrier') {
    for (const bytes of originalBytes(batch)) add(counters.received, 1, bytes, 0);
    return;
  }
  const { offsets } = batch.utf8('text');
  const domains = batch.utf8('domain');
  for (let i = 0; i < batch.rows; i++) {
    const bytes = offsets[i + 1] - offsets[i];
    add(counters.read, 1, bytes, 0);
    add(entry(counters.domains, stringAt(domains, i) ?? '', domainCounters).read, 1, bytes, 0);
  }
}

/** Counts a record that is no document: it is read here. */
export function countQuarantined(counters: Counters, record: QuarantinedRecord): void {
  counters.read.documents++;
  countAside(counters, record);
}

/** Counts a document that was read or received before, and is set aside now. */
export function countFailed(counters: Counters, record: QuarantinedRecord): void {
  counters.quarantined.textBytes += record.bytes;
  countAside(counters, record);
}

function countAside(counters: Counters, record: QuarantinedRecord): void {
  const q = counters.quarantined;
  q.records++;
  q.bytes += record.bytes;
  q.byReason[record.reason] = entry(q.byReason, record.reason, () => 0) + 1;
  if (q.examples.length < EXAMPLES) {
    const { file, block, offset, reason, excerpt } = record;
    q.examples.push({ position: `${file}#${block}.${offset}`, reason, excerpt: shortened(excerpt) });
  }
}

/** Bytes of the text as read, per row; carried over a barrier in `_text_bytes`. */
export function originalBytes(batch: DocumentBatch): Int32Array {
  const carried = batch.columns.get('_text_bytes');
  if (carried) return carried.values as Int32Array;
  const { offsets } = batch.originalText ?? batch.utf8('text');
  const bytes = new Int32Array(batch.rows);
  for (let i = 0; i < batch.rows; i++) bytes[i] = offsets[i + 1] - offsets[i];
  return bytes;
}

/**
 * Counts what a batch has come to at the end of a phase: all drops; and, in the last phase, what is kept.
 * @param last false before a barrier: rows alive go on and are counted later.
 */
export function countOutcome(counters: Counters, batch: DocumentBatch, last: boolean): void {
  const domains = batch.utf8('domain');
  const bytes = originalBytes(batch);
  const tokens = batch.columns.get('text_tokens_estimate');
  const now = batch.utf8('text').offsets;
  const judgedBefore = batch.columns.get('_judged');
  for (let i = 0; i < batch.rows; i++) {
    const kept = batch.alive[i] === 1;
    if (kept && !last) {
      add(counters.passed, 1, bytes[i], 0);
      continue;
    }
    const t = tokens ? Number(tokens.values[i]) : 0;
    const domain = entry(counters.domains, stringAt(domains, i) ?? '', domainCounters);
    add(kept ? counters.kept : counters.dropped, 1, bytes[i], t);
    add(kept ? domain.kept : domain.dropped, 1, bytes[i], t);
    add(domain.read, 0, 0, t);
    add(counters.read, 0, 0, t);
    if (!kept) continue;
    countCuts(counters, batch.cuts, i, bytes[i], now[i + 1] - now[i]);
    const judged =
      batch.verdicts.some((v) => v.judged[i] === 1) || (judgedBefore ? Number(judgedBefore.values[i]) > 0 : false);
    if (!judged) counters.unjudged++;
  }
  for (const verdict of batch.verdicts) countVerdict(counters, batch, verdict, bytes);
}

/** The text of a kept document must be the text read, less the spans cut, and what stands in for them. */
function countCuts(counters: Counters, cuts: CutSpans | null, row: number, read: number, kept: number): void {
  let cut = 0;
  const [from, to] = cuts ? [cuts.offsets[row], cuts.offsets[row + 1]] : [0, 0];
  for (let k = from; k < to; k++) cut += cuts!.end[k] - cuts!.start[k];
  const added = kept - (read - cut);
  counters.cutBytes += cut;
  if (added < 0 || (added > 0 && from === to)) counters.unexplainedBytes += Math.abs(added);
  else counters.addedBytes += added;
}

function countVerdict(
  counters: Counters,
  batch: DocumentBatch,
  verdict: DocumentBatch['verdicts'][number],
  bytes: Int32Array,
): void {
  const domains = batch.utf8('domain');
  const rules = entry(counters.steps, verdict.step, () => ({}) as Record<string, RuleCounters>);
  verdict.rules.forEach((r, k) => {
    const mine = entry(rules, r.name, () => ruleCounters(r.threshold));
    mine.nulls += verdict.nulls?.[k] ?? 0;
    for (let i = 0; i < batch.rows; i++) {
      if (verdict.failed[i * verdict.failedWords + (k >> 5)] & (1 << (k & 31))) mine.failed++;
      if (verdict.rule[i] !== k) continue;
      const domain = stringAt(domains, i) ?? '';
      mine.dropped++;
      mine.droppedBytes += bytes[i];
      mine.byDomain[domain] = entry(mine.byDomain, domain, () => 0) + 1;
      if (mine.examples.length < EXAMPLES) mine.examples.push(exampleOf(batch, i, domain, verdict.value[i]));
    }
  });
}

function exampleOf(batch: DocumentBatch, row: number, domain: string, value: number): DropExample {
  const text = stringAt(batch.originalText ?? batch.utf8('text'), row) ?? '';
  return {
    id: stringAt(batch.utf8('id'), row) ?? '',
    domain,
    value: Number.isNaN(value) ? null : value,
    excerpt: shortened(text),
  };
}

/** The beginning of a text, for a person to see. */
export const shortened = (text: string): string =>
  Array.from(text.slice(0, 2 * EXAMPLE_CHARACTERS))
    .slice(0, EXAMPLE_CHARACTERS)
    .join('');

/** Bytes of text that sinks get: what was kept, as rewrites left it. */
export const keptTextBytes = (c: Counters): number => c.kept.bytes - c.cutBytes + c.addedBytes;

/**
 * What came in must equal what went out: documents read + created = kept + dropped + quarantined, bytes of text read + created + added =
 * kept + cut + dropped + text of documents set aside. Null when it does, else a sentence.
 */
export function conservationError(c: Counters): string | null {
  const documents =
    c.read.documents +
    c.created.documents +
    c.received.documents -
    c.kept.documents -
    c.dropped.documents -
    c.passed.documents -
    c.quarantined.records;
  const bytes =
    c.read.bytes +
    c.created.bytes +
    c.received.bytes -
    c.kept.bytes -
    c.dropped.bytes -
    c.passed.bytes -
    c.quarantined.textBytes;
  if (documents === 0 && bytes === 0 && c.unexplainedBytes === 0) return null;
  const counts = `${c.read.documents} read, ${c.created.documents} created, ${c.kept.documents} kept, ${c.dropped.documents} dropped, ${c.quarantined.records} quarantined`;
  return `${counts}: ${documents} documents and ${bytes + c.unexplainedBytes} bytes of text unaccounted for`;
}
