import { describe, expect, it } from 'vitest';
import { withCuts } from '../../../src/operators/rewrite/apply-cuts.ts';
import { LINE_END } from '../../../src/operators/rewrite/line-rewrite.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import {
  type Counters,
  conservationError,
  emptyCounters,
  keptTextBytes,
  mergeCounters,
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
