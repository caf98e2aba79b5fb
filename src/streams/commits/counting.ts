import type { DocumentBatch } from '../batch/batch.ts';
import { CARRIED, shownTexts } from '../batch/carried.ts';
import { type Column, type ColumnSpec, isValid, stringAt } from '../batch/columns.ts';
import { DERIVED } from '../batch/lineage.ts';
import type { CutSpans, QuarantinedRecord } from '../batch/outcome.ts';
import { labelOf } from '../batch/position.ts';
import { tokensColumn } from '../batch/token-ids.ts';
import { addBlind } from './blind.ts';
import {
  add,
  addTo,
  type Counters,
  countedDomain,
  createdOf,
  type DropExample,
  domainOf,
  EXAMPLES,
  entry,
  type RuleCounters,
  ruleCounters,
} from './counters.ts';
import { countOtherLanguages } from './other-languages.ts';

const EXAMPLE_CHARACTERS = 160;
/** So many characters have no more. */
const EXAMPLE_BYTES = 4 * EXAMPLE_CHARACTERS;

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
    add(domainOf(counters, stringAt(domains, i) ?? '').read, 1, bytes, 0);
  }
}

/** Counts a record that is no document, and what is lost with it: it is read here. */
export function countQuarantined(counters: Counters, record: QuarantinedRecord): void {
  counters.read.documents += record.rows ?? 1;
  countAside(counters, record);
}

/** Counts a document that was read or received before, and is set aside now. */
export function countFailed(counters: Counters, record: QuarantinedRecord): void {
  counters.quarantined.textBytes += record.bytes;
  countAside(counters, record);
}

function countAside(counters: Counters, record: QuarantinedRecord): void {
  const q = counters.quarantined;
  const documents = record.rows ?? 1;
  q.records++;
  q.documents += documents;
  if (record.estimated) q.estimated += documents;
  if (record.blind) addBlind(counters, { ...record.blind, reason: record.reason, documents });
  if (record.cut) q.cut = (q.cut ?? 0) + 1;
  q.bytes += record.bytes;
  q.byReason[record.reason] = entry(q.byReason, record.reason, () => 0) + documents;
  if (q.examples.length < EXAMPLES) {
    const { reason, excerpt } = record;
    q.examples.push({ position: labelOf(record), reason, excerpt: shortened(excerpt) });
  }
}

/** Bytes of the text as read, per row; carried over a barrier in `_text_bytes`. */
export function originalBytes(batch: DocumentBatch): Int32Array {
  const carried = batch.columns.get(CARRIED.textBytes);
  if (carried) return carried.values as Int32Array;
  const { offsets } = batch.originalText ?? batch.utf8('text');
  const bytes = new Int32Array(batch.rows);
  for (let i = 0; i < batch.rows; i++) bytes[i] = offsets[i + 1] - offsets[i];
  return bytes;
}

/**
 * Counts what a batch has come to at the end of a phase: all drops; and, in the last phase, what is kept.
 * @param last false before a barrier: rows alive go on and are counted later.
 * @param annotations of the recipe: where it tokenises, tokens are counted exactly, and only of what was tokenised.
 */
export function countOutcome(
  counters: Counters,
  batch: DocumentBatch,
  last: boolean,
  annotations: readonly ColumnSpec[] = [],
): void {
  const domains = batch.utf8('domain');
  const bytes = originalBytes(batch);
  const tokens = batch.columns.get(tokensColumn(annotations));
  const now = batch.utf8('text').offsets;
  const judgedBefore = batch.columns.get(CARRIED.judged);
  const from = batch.columns.get(DERIVED);
  for (let i = 0; i < batch.rows; i++) {
    const kept = batch.alive[i] === 1;
    if (batch.made?.[i] === 1) {
      add(counters.created, 1, bytes[i], 0);
      add(createdOf(domainOf(counters, stringAt(domains, i) ?? '')), 1, bytes[i], 0);
    }
    if (kept && !last) {
      add(counters.passed, 1, bytes[i], 0);
      continue;
    }
    const t = tokens ? Number(tokens.values[i]) : 0;
    const domain = domainOf(counters, stringAt(domains, i) ?? '');
    add(kept ? counters.kept : counters.dropped, 1, bytes[i], t);
    add(kept ? domain.kept : domain.dropped, 1, bytes[i], t);
    const derived = from !== undefined && isValid(from, i);
    add(derived ? createdOf(domain) : domain.read, 0, 0, t);
    add(derived ? counters.created : counters.read, 0, 0, t);
    if (!kept) continue;
    const shorter = bytes[i] - (now[i + 1] - now[i]);
    if (shorter !== 0) domain.cutBytes = (domain.cutBytes ?? 0) + shorter;
    countCuts(counters, batch.cuts, i, bytes[i], now[i + 1] - now[i]);
    if (!isJudged(batch, i) && !(judgedBefore && Number(judgedBefore.values[i]) > 0)) counters.unjudged++;
  }
  const languages = countOtherLanguages(counters.otherLanguages, batch, last, annotations);
  if (languages) counters.otherLanguages = languages;
  for (const verdict of batch.verdicts) countVerdict(counters, batch, verdict, bytes, tokens ?? null);
}

function isJudged(batch: DocumentBatch, row: number): boolean {
  for (const v of batch.verdicts) if (v.judged[row] === 1) return true;
  return false;
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
  tokens: Column | null,
): void {
  const domains = batch.utf8('domain');
  const rules = entry(counters.steps, verdict.step, () => ({}) as Record<string, RuleCounters>);
  // Loops over rows stand outside of closures: V8 compiles a closure's anew in every split.
  for (let k = 0; k < verdict.rules.length; k++) {
    const { name, threshold } = verdict.rules[k];
    const mine = entry(rules, name, () => ruleCounters(threshold));
    mine.nulls += verdict.nulls?.[k] ?? 0;
    for (let i = 0; i < batch.rows; i++) {
      if (verdict.failed[i * verdict.failedWords + (k >> 5)] & (1 << (k & 31))) mine.failed++;
      if (verdict.rule[i] !== k) continue;
      const domain = stringAt(domains, i) ?? '';
      mine.dropped++;
      mine.droppedBytes += bytes[i];
      const counted = countedDomain(counters, domain);
      addTo(mine.byDomain, counted, 1);
      mine.bytesByDomain ??= {};
      addTo(mine.bytesByDomain, counted, bytes[i]);
      if (tokens !== null) {
        mine.tokensByDomain ??= {};
        addTo(mine.tokensByDomain, counted, Number(tokens.values[i]));
      }
      if (mine.examples.length < EXAMPLES) mine.examples.push(exampleOf(batch, i, domain, verdict.value[i]));
    }
  }
}

function exampleOf(batch: DocumentBatch, row: number, domain: string, value: number): DropExample {
  const { values, offsets } = shownTexts(batch);
  // Of a text of megabytes only its beginning becomes a string.
  const head = values.subarray(offsets[row], Math.min(offsets[row + 1], offsets[row] + EXAMPLE_BYTES));
  return {
    id: stringAt(batch.utf8('id'), row) ?? '',
    domain,
    value: Number.isNaN(value) ? null : value,
    excerpt: shortened(Buffer.from(head.buffer, head.byteOffset, head.length).toString('utf8')),
  };
}

/** The beginning of a text, for a person to see. */
export const shortened = (text: string): string =>
  Array.from(text.slice(0, 2 * EXAMPLE_CHARACTERS))
    .slice(0, EXAMPLE_CHARACTERS)
    .join('');
