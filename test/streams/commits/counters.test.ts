import { describe, expect, it } from 'vitest';
import { withCuts } from '../../../src/operators/rewrite/apply-cuts.ts';
import { LINE_END } from '../../../src/operators/rewrite/line-rewrite.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import {
  type Counters,
  conservationError,
  emptyCounters,
  keptTextBytes,
  MOST_DOMAINS,
  mergeCounters,
  OTHER_DOMAINS,
} from '../../../src/streams/commits/counters.ts';
import { countOutcome, countQuarantined, countRead } from '../../../src/streams/commits/counting.ts';
import { batchOf } from '../../helpers/batches.ts';

const TEXTS = ['one line\ntwo lines', 'żółć', 'gone'];
/** Bytes of the texts. */
const READ = 18 + 8 + 4;

const batch = (): DocumentBatch => batchOf(TEXTS.map((text) => ({ text, domain: 'web' })));

/** The second line of the first document cut, the last document dropped. */
function rewritten(): DocumentBatch {
  const cut = withCuts(batch(), [[{ start: 8, end: 18, rule: 'c4_few_words' }], [], []], ['c4_few_words'], []);
  return cut.with({ alive: Uint8Array.of(1, 1, 0) });
}

function counted(read: DocumentBatch, outcome: DocumentBatch): Counters {
  const c = emptyCounters();
  countRead(c, read, 'input');
  countOutcome(c, outcome, true);
  return c;
}

describe('conservation of documents and text', () => {
  it('holds when spans say what was cut', () => {
    const c = counted(batch(), rewritten());
    expect(conservationError(c)).toBeNull();
    expect([c.read.bytes, c.kept.bytes, c.dropped.bytes, c.cutBytes, c.addedBytes]).toEqual([READ, 26, 4, 10, 0]);
    expect(keptTextBytes(c)).toBe(16);
  });

  it('counts what a rewrite puts in the place of a span', () => {
    const text = batchOf([{ text: 'one \r\n two', domain: 'web' }]);
    const joined = withCuts(text, [[{ start: 3, end: 7, rule: LINE_END }]], [LINE_END], []);
    const c = counted(text, joined);
    expect([c.cutBytes, c.addedBytes, keptTextBytes(c)]).toEqual([4, 1, 'one\ntwo'.length]);
    expect(conservationError(c)).toBeNull();
  });

  it('breaks when a document vanishes', () => {
    const c = counted(batch(), batchOf([{ text: TEXTS[0], domain: 'web' }]));
    expect(conservationError(c)).toBe(
      '3 read, 0 created, 1 kept, 0 dropped, 0 quarantined: 2 documents and 12 bytes of text unaccounted for',
    );
  });

  it('breaks when a text is shorter than its spans say, and when it grows without one', () => {
    const cut = rewritten();
    const shorter = counted(
      batch(),
      cut.with({ columns: new Map([...cut.columns, ['text', texts('one', 'żółć', '')]]) }),
    );
    expect(shorter.unexplainedBytes).toBe(5);
    expect(conservationError(shorter)).toMatch(/: 0 documents and 5 bytes of text unaccounted for$/);
    const whole = batch();
    const longer = counted(
      batch(),
      whole.with({
        originalText: whole.utf8('text'),
        columns: new Map([...whole.columns, ['text', texts(`${TEXTS[0]}!!`, TEXTS[1], TEXTS[2])]]),
      }),
    );
    expect(conservationError(longer)).toMatch(/: 0 documents and 2 bytes of text unaccounted for$/);
  });

  it('does not let the losses of one split hide those of another', () => {
    const cut = rewritten();
    const broken = counted(
      batch(),
      cut.with({ columns: new Map([...cut.columns, ['text', texts('one', 'żółć', '')]]) }),
    );
    expect(mergeCounters(counted(batch(), rewritten()), broken).unexplainedBytes).toBe(5);
  });

  it('counts quarantine by raw bytes, outside the text, with examples', () => {
    const c = counted(batch(), rewritten());
    for (let i = 0; i < 4; i++)
      countQuarantined(c, {
        file: 'a',
        block: 0,
        offset: i,
        row: i,
        bytes: 100,
        reason: 'bad',
        detail: '',
        excerpt: `${i}`,
      });
    expect(conservationError(c)).toBeNull();
    expect([c.read.documents, c.read.bytes, c.quarantined.bytes]).toEqual([7, READ, 400]);
    expect(c.quarantined.examples.map((e) => e.position)).toEqual(['a#0.0', 'a#0.1', 'a#0.2']);
  });
});

const texts = (...all: string[]) => batchOf(all.map((text) => ({ text, domain: 'web' }))).utf8('text');

describe('domains', () => {
  const documents = (from: number, to: number) =>
    batchOf(Array.from({ length: to - from }, (_, i) => ({ text: 'x', domain: `host-${from + i}` })));

  it('are counted by name up to a number of them, the first in input order; the others together', () => {
    const whole = documents(0, MOST_DOMAINS + 500);
    const c = counted(whole, whole.with({ alive: new Uint8Array(whole.rows).fill(1) }));
    countRead(c, documents(0, 10), 'input');
    expect(Object.keys(c.domains)).toHaveLength(MOST_DOMAINS + 1);
    expect(c.domains['host-3'].read.documents).toBe(2);
    expect([c.domains[OTHER_DOMAINS].read.documents, c.domains[OTHER_DOMAINS].kept.documents]).toEqual([500, 500]);
    expect(c.read.documents).toBe(MOST_DOMAINS + 510);
  });

  it('stay as few when splits are added up; the sum over domains is the total', () => {
    const totals = emptyCounters();
    for (let split = 0; split < 4; split++) {
      const read = documents(split * 4000, split * 4000 + 5000);
      mergeCounters(totals, counted(read, read));
    }
    expect(Object.keys(totals.domains)).toHaveLength(MOST_DOMAINS + 1);
    const sum = Object.values(totals.domains).reduce((n, d) => n + d.read.documents, 0);
    expect([sum, totals.read.documents]).toEqual([20_000, 20_000]);
    // Of the first 10,000 hosts two thousand come in two splits.
    expect(totals.domains['host-4500'].read.documents).toBe(2);
    expect(totals.domains[OTHER_DOMAINS].read.documents).toBe(20_000 - MOST_DOMAINS - 2000);
  });
});
