import { describe, expect, it } from 'vitest';
import { filesError, handOverError } from '../../src/run/conservation.ts';
import { emptyCounters } from '../../src/streams/commits/counters.ts';
import type { CommittedFile } from '../../src/streams/commits/log.ts';

const file = (sink: string, rows: number, textBytes: number): CommittedFile => ({
  sink,
  path: `${sink}/x`,
  rows,
  textBytes,
  bytes: 1,
  xxh64: '',
});

const counters = {
  ...emptyCounters(),
  kept: { documents: 5, bytes: 500, tokens: 0 },
  dropped: { documents: 3, bytes: 90, tokens: 0 },
  quarantined: { documents: 700, estimated: 0, records: 2, bytes: 40, textBytes: 0, byReason: {}, examples: [] },
  cutBytes: 30,
  addedBytes: 4,
};
const right = [file('documents', 5, 474), file('ledger', 10, 0), file('quarantine', 2, 0)];

describe('files of a commit against its counters', () => {
  it('agree', () => {
    expect(filesError(counters, right, { last: true, documents: true })).toBeNull();
    // Before a barrier nothing is kept, and the ledger has the dropped and the quarantined.
    const before = { ...counters, kept: emptyCounters().kept, cutBytes: 0, addedBytes: 0 };
    expect(
      filesError(before, [file('ledger', 5, 0), file('quarantine', 2, 0), file('work', 9, 9)], {
        last: false,
        documents: true,
      }),
    ).toBeNull();
    expect(filesError(emptyCounters(), [], { last: true, documents: true })).toBeNull();
    // A recipe without a sink writes the ledger only.
    const noDocuments = right.filter((f) => f.sink !== 'documents');
    expect(filesError(counters, noDocuments, { last: true, documents: false })).toBeNull();
    expect(filesError(counters, noDocuments, { last: true, documents: true })).toMatch(/documents counted, 0 written/);
  });

  it.each([
    ['documents', 4, 474, '5 documents counted, 4 written'],
    ['documents', 5, 473, '474 bytes of text in documents counted, 473 written'],
    ['ledger', 9, 0, '10 rows of the ledger counted, 9 written'],
    ['quarantine', 0, 0, '2 rows of quarantine counted, 0 written'],
  ])('%s with %i rows and %i bytes of text do not', (sink, rows, bytes, sentence) => {
    const files = right.map((f) => (f.sink === sink ? file(sink, rows, bytes) : f));
    expect(filesError(counters, files, { last: true, documents: true })).toBe(sentence);
  });
});

describe('what a barrier hands over', () => {
  it('must arrive', () => {
    const passed = { documents: 7, bytes: 70, tokens: 0 };
    expect(handOverError(passed, { ...passed })).toBeNull();
    expect(handOverError(passed, { documents: 7, bytes: 69, tokens: 0 })).toBe(
      '7 documents with 70 bytes of text before a barrier, 7 documents with 69 bytes of text after it',
    );
  });
});
