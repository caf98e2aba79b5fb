import { addUnread, type UnreadColumn } from '../batch/unread.ts';
import type { Seen, SeenUnit } from '../formats/loss.ts';
import { addBlind, addSeen, type BlindCounters, estimateBlind } from './blind.ts';
import { addOtherLanguages, type OtherLanguages } from './other-languages.ts';

/**
 * Documents, bytes of original text and tokens: estimated ones, or those that `tokenize()` counted where the recipe has
 * it.
 */
export interface Amount {
  documents: number;
  bytes: number;
  tokens: number;
}

/** What happened to the documents of one domain. */
export interface DomainCounters {
  read: Amount;
  /** Documents that steps made; absent in a run that makes none. */
  created?: Amount;
  kept: Amount;
  dropped: Amount;
  /** Bytes by which the kept texts are shorter than what was read; absent where no text was changed. */
  cutBytes?: number;
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
  /** Of the text of those that it was the first to drop; absent in runs of earlier versions. */
  bytesByDomain?: Record<string, number>;
  /** Absent where the recipe counts no tokens before the rule. */
  tokensByDomain?: Record<string, number>;
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
    /** Entries of quarantine: a row group that is lost is one. */
    records: number;
    /** Documents that they stand for, and how many of these are an estimate. */
    documents: number;
    estimated: number;
    bytes: number;
    /** Of them, text bytes of documents that were read well and set aside because a step failed on them. */
    textBytes: number;
    /** Documents. */
    byReason: Record<string, number>;
    examples: QuarantineExample[];
    /** Of the estimated, those that only other files can tell; absent where there are none. See `estimateBlind`. */
    blind?: BlindCounters[];
    /** Records of files that end in the middle. */
    cut?: number;
  };
  /** Documents read well by kind of bytes, and the bytes that they took; before any sampling. */
  seen?: Partial<Record<SeenUnit, Omit<Seen, 'unit'>>>;
  /** Columns that could not be understood; absent where all could. */
  unread?: UnreadColumn[];
  /** Records of the input that hold no documents, by their kind; absent where there are none. */
  passedOver?: Record<string, number>;
  /** Absent where nothing looks at languages, and in runs of earlier versions. */
  otherLanguages?: OtherLanguages;
  /** Bytes of the spans that rewrites cut out of kept documents, and bytes that they put in their place. */
  cutBytes: number;
  addedBytes: number;
  /** Bytes by which kept texts differ from what was read without a span that says so: 0, or the run stops. */
  unexplainedBytes: number;
  /** Kept documents that no rule judged. */
  unjudged: number;
  /** By domain; beyond MOST_DOMAINS, those that come later in the split or the run are OTHER_DOMAINS together. */
  domains: Record<string, DomainCounters>;
  /** step -> rule. */
  steps: Record<string, Record<string, RuleCounters>>;
}

const amount = (): Amount => ({ documents: 0, bytes: 0, tokens: 0 });
/** What steps made in a domain; counted from now on. */
export function createdOf(domain: DomainCounters): Amount {
  domain.created ??= amount();
  return domain.created;
}

export const domainCounters = (): DomainCounters => ({ read: amount(), kept: amount(), dropped: amount() });

export const emptyCounters = (): Counters => ({
  read: amount(),
  created: amount(),
  kept: amount(),
  dropped: amount(),
  passed: amount(),
  received: amount(),
  quarantined: { records: 0, documents: 0, estimated: 0, bytes: 0, textBytes: 0, byReason: {}, examples: [] },
  cutBytes: 0,
  addedBytes: 0,
  unexplainedBytes: 0,
  unjudged: 0,
  domains: {},
  steps: {},
});

/** Kept of each kind, the first in input order. */
export const EXAMPLES = 3;

export function add(a: Amount, documents: number, bytes: number, tokens: number): void {
  a.documents += documents;
  a.bytes += bytes;
  a.tokens += tokens;
}

/** Record of a key that may be any string from data, `__proto__` included. */
export function entry<T>(record: Record<string, T>, key: string, make: () => T): T {
  if (!Object.hasOwn(record, key)) {
    Object.defineProperty(record, key, { value: make(), writable: true, enumerable: true, configurable: true });
  }
  return record[key];
}

/** Domains that are counted by name, the first in input order. What is a domain of its own is no label. */
export const MOST_DOMAINS = 10_000;
/** Where the documents of all further domains are counted, so that counters stay small whatever the input says. */
export const OTHER_DOMAINS = 'other domains';

/** Names in the records of domains; counting the keys at each new name would take their square. */
const sizes = new WeakMap<Counters['domains'], number>();

const sizeOf = (domains: Counters['domains']): number => sizes.get(domains) ?? Object.keys(domains).length;

/** The name under which a domain is counted. */
export const countedDomain = ({ domains }: Pick<Counters, 'domains'>, name: string): string =>
  Object.hasOwn(domains, name) || sizeOf(domains) < MOST_DOMAINS ? name : OTHER_DOMAINS;

/** Counters of a domain, from now on there. */
export function domainOf({ domains }: Pick<Counters, 'domains'>, name: string): DomainCounters {
  if (Object.hasOwn(domains, name)) return domains[name];
  const size = sizeOf(domains);
  if (size >= MOST_DOMAINS) return entry(domains, OTHER_DOMAINS, domainCounters);
  sizes.set(domains, size + 1);
  return entry(domains, name, domainCounters);
}

/** Adds to the number of a key that may be any string. */
export function addTo(record: Record<string, number>, key: string, n: number): void {
  record[key] = entry(record, key, zero) + n;
}

const zero = (): number => 0;

/** Sum of two; `a` is the earlier in input order. `a` is changed and returned. */
export function mergeCounters(a: Counters, b: Counters): Counters {
  for (const k of ['read', 'kept', 'dropped', 'passed', 'received'] as const)
    add(a[k], b[k].documents, b[k].bytes, b[k].tokens);
  const created = createdIn(b);
  add(a.created, created.documents, created.bytes, created.tokens);
  a.quarantined.documents = lostDocuments(a) + lostDocuments(b);
  a.quarantined.estimated = (a.quarantined.estimated ?? 0) + (b.quarantined.estimated ?? 0);
  a.quarantined.records += b.quarantined.records;
  a.quarantined.bytes += b.quarantined.bytes;
  a.quarantined.textBytes += b.quarantined.textBytes;
  for (const [reason, n] of Object.entries(b.quarantined.byReason)) {
    a.quarantined.byReason[reason] = entry(a.quarantined.byReason, reason, () => 0) + n;
  }
  a.quarantined.examples = [...a.quarantined.examples, ...b.quarantined.examples].slice(0, EXAMPLES);
  for (const blind of b.quarantined.blind ?? []) addBlind(a, blind);
  if (b.quarantined.cut) a.quarantined.cut = (a.quarantined.cut ?? 0) + b.quarantined.cut;
  for (const [unit, seen] of Object.entries(b.seen ?? {})) addSeen(a, { unit: unit as SeenUnit, ...seen });
  estimateBlind(a);
  for (const [kind, records] of Object.entries(b.passedOver ?? {})) addPassed(a, kind, records);
  if (b.otherLanguages) a.otherLanguages = addOtherLanguages(a.otherLanguages, b.otherLanguages);
  if (b.unread) a.unread = b.unread.reduce(addUnread, a.unread ?? []);
  a.cutBytes += b.cutBytes;
  a.addedBytes += b.addedBytes;
  a.unexplainedBytes += b.unexplainedBytes;
  a.unjudged += b.unjudged;
  for (const [name, d] of Object.entries(b.domains)) {
    const mine = domainOf(a, name);
    for (const k of ['read', 'kept', 'dropped'] as const) add(mine[k], d[k].documents, d[k].bytes, d[k].tokens);
    if (d.cutBytes) mine.cutBytes = (mine.cutBytes ?? 0) + d.cutBytes;
    if (d.created) add(createdOf(mine), d.created.documents, d.created.bytes, d.created.tokens);
  }
  for (const [step, rules] of Object.entries(b.steps)) {
    const mineRules = entry(a.steps, step, () => ({}) as Record<string, RuleCounters>);
    for (const [rule, c] of Object.entries(rules)) {
      const mine = entry(mineRules, rule, () => ruleCounters(c.threshold));
      mine.dropped += c.dropped;
      mine.droppedBytes += c.droppedBytes;
      mine.failed += c.failed;
      mine.nulls += c.nulls;
      for (const k of ['byDomain', 'bytesByDomain', 'tokensByDomain'] as const) {
        const theirs = c[k];
        if (theirs === undefined) continue;
        mine[k] ??= {};
        for (const [name, n] of Object.entries(theirs)) addTo(mine[k], countedDomain(a, name), n);
      }
      mine.examples = [...mine.examples, ...c.examples].slice(0, EXAMPLES);
    }
  }
  return a;
}

/** Counts records that hold no documents. */
export function addPassed(a: Counters, kind: string, records: number): void {
  a.passedOver ??= {};
  addTo(a.passedOver, kind, records);
}

export const ruleCounters = (threshold: number): RuleCounters => ({
  dropped: 0,
  droppedBytes: 0,
  failed: 0,
  nulls: 0,
  byDomain: {},
  threshold,
  examples: [],
});

/** What steps created; counters of before know nothing of it. */
export const createdIn = ({ created }: { readonly created?: Amount }): Amount => created ?? amount();

/** What came in: read and created. */
export function cameIn(c: { readonly read: Amount; readonly created?: Amount }): Amount {
  const [r, m] = [c.read, createdIn(c)];
  return { documents: r.documents + m.documents, bytes: r.bytes + m.bytes, tokens: r.tokens + m.tokens };
}

/** Documents that could not be read, or on which a step failed; counters of before know their entries only. */
export const lostDocuments = ({ quarantined: q }: Counters): number => q.documents ?? q.records;

/** Bytes of text that sinks get: what was kept, as rewrites left it. */
export const keptTextBytes = (c: Counters): number => c.kept.bytes - c.cutBytes + c.addedBytes;

/**
 * What came in must equal what went out: documents read + created = kept + dropped + quarantined, bytes of text read +
 * created + added = kept + cut + dropped + text of documents set aside. Null when it does, else a sentence.
 */
export function conservationError(c: Counters): string | null {
  const documents =
    cameIn(c).documents +
    c.received.documents -
    c.kept.documents -
    c.dropped.documents -
    c.passed.documents -
    lostDocuments(c);
  const bytes =
    cameIn(c).bytes + c.received.bytes - c.kept.bytes - c.dropped.bytes - c.passed.bytes - c.quarantined.textBytes;
  if (documents === 0 && bytes === 0 && c.unexplainedBytes === 0) return null;
  const counts =
    `${c.read.documents} read, ${createdIn(c).documents} created, ${c.kept.documents} kept, ` +
    `${c.dropped.documents} dropped, ${lostDocuments(c)} quarantined`;
  return `${counts}: ${documents} documents and ${bytes + c.unexplainedBytes} bytes of text unaccounted for`;
}
