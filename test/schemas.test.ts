import { describe, expect, it } from 'vitest';
import { ledgerSchema } from '../src/sinks/ledger.ts';
import { DOCUMENT_COLUMNS } from '../src/streams/batch/batch.ts';

// What stands on disk or in the public types: a change here is a new format version.
describe('schemas (golden)', () => {
  it('batch, version 1', () => {
    expect(DOCUMENT_COLUMNS.map((c) => `${c.name} ${c.type}`)).toEqual([
      'file utf8',
      'block int64',
      'offset int64',
      'row uint32',
      'id utf8',
      'text utf8',
      'domain utf8',
      'metadata utf8',
    ]);
  });

  it('ledger', () => {
    expect(ledgerSchema([{ name: 'gopher_word_count', type: 'int32' }]).map((c) => `${c.name} ${c.type}`)).toEqual([
      'file utf8',
      'block int64',
      'offset int64',
      'row uint32',
      'id utf8',
      'domain utf8',
      'outcome utf8',
      'step utf8',
      'rule utf8',
      'value float64',
      'threshold float64',
      'failed list<utf8>',
      'duplicate_of utf8',
      'similarity float64',
      'cut_spans list<struct<start int32, end int32, rule utf8>>',
      'text_bytes int64',
      'tokens int64',
      'judged_by int32',
      'excerpt utf8',
      'gopher_word_count int32',
    ]);
  });
});
