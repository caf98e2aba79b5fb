import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ledgerQuarantineRows, ledgerRows, ledgerSchema } from '../../src/sinks/ledger.ts';
import type { TableBatch } from '../../src/sinks/table.ts';
import { schemaText } from '../../src/sinks/table.ts';
import { ledgerSink, openSegmentWriter } from '../../src/sinks/writers.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type ColumnSpec, utf8Column } from '../../src/streams/batch/columns.ts';
import type { QuarantinedRecord, Rule, Verdict } from '../../src/streams/batch/outcome.ts';
import { batchOf } from '../helpers/batches.ts';
import { query, sinkFolder } from '../helpers/tables.ts';

const annotations: ColumnSpec[] = [
  { name: 'gopher_word_count', type: 'float64' },
  { name: 'language', type: 'utf8' },
];
const rule = (name: string, threshold: number): Rule => ({
  name,
  version: 1,
  column: 'gopher_word_count',
  comparison: '<',
  threshold,
  onNull: 'pass',
  option: name,
});

function verdict(
  step: string,
  rules: Rule[],
  first: number[],
  failed: number[],
  value: number[],
  more: Partial<Verdict> = {},
): Verdict {
  const judged = Uint8Array.from(first, () => 1);
  return {
    step,
    rules,
    judged,
    rule: Int16Array.from(first),
    value: Float64Array.from(value),
    failed: Uint32Array.from(failed),
    failedWords: 1,
    ...more,
  };
}

/**
 * Five rows: kept, dropped by two rules of `quality`, dropped as a twin, dropped without a value, kept and unjudged.
 */
function judgedBatch(): DocumentBatch {
  const batch = batchOf(['kept text', 'short', 'twin', 'no value', 'żółw'], {
    annotations: { gopher_word_count: [2, 1, 1, null, 1], text_tokens_estimate: [3, 2, 1, 2, 2] },
  });
  const quality = verdict(
    'quality',
    [rule('min_words', 2), rule('min_length', 7)],
    [-1, 0, -1, 1, -1],
    [0, 3, 0, 2, 0],
    [Number.NaN, 1, Number.NaN, Number.NaN, Number.NaN],
  );
  quality.judged[4] = 0;
  const dedup = verdict(
    'dedup',
    [rule('exact_duplicate', 1)],
    [-1, -1, 0, -1, -1],
    [0, 0, 1, 0, 0],
    [Number.NaN, Number.NaN, 1, Number.NaN, Number.NaN],
    {
      judged: Uint8Array.of(0, 0, 1, 0, 0),
      duplicateOf: [null, null, 'other.jsonl#0.17', null, null],
      similarity: Float64Array.of(Number.NaN, Number.NaN, 1, Number.NaN, Number.NaN),
    },
  );
  return batch.with({ alive: Uint8Array.of(1, 0, 0, 0, 1), verdicts: [quality, dedup] });
}

async function written(...tables: TableBatch[]): Promise<string> {
  const runDirectory = await sinkFolder();
  const writer = await openSegmentWriter(ledgerSink, { runDirectory, path: 'ledger' });
  for (const t of tables) await writer.write(t);
  const file = await writer.finish();
  return `read_parquet('${join(runDirectory, `${file!.path}.tmp`)}')`;
}

const record: QuarantinedRecord = {
  file: 'bad.jsonl',
  block: 5,
  offset: 70,
  row: 3,
  bytes: 12,
  reason: 'invalid_json',
  detail: 'expected }',
  excerpt: '{"text": ',
};

describe('ledger', () => {
  it('says of every document what happened and why', async () => {
    const from = await written(ledgerRows(judgedBatch(), annotations));
    const rows = await query(
      'SELECT id, outcome, step, rule, value, threshold, failed, duplicate_of, similarity, judged_by, ' +
        `tokens::INT AS tokens, text_bytes::INT AS bytes FROM ${from}`,
    );
    const nothing = {
      step: null,
      rule: null,
      value: null,
      threshold: null,
      failed: [],
      duplicate_of: null,
      similarity: null,
    };
    expect(rows).toEqual([
      { id: 'd0', outcome: 'kept', ...nothing, judged_by: 1, tokens: 3, bytes: 9 },
      {
        id: 'd1',
        outcome: 'dropped',
        step: 'quality',
        rule: 'min_words',
        value: 1,
        threshold: 2,
        failed: ['min_words', 'min_length'],
        duplicate_of: null,
        similarity: null,
        judged_by: 1,
        tokens: 2,
        bytes: 5,
      },
      {
        id: 'd2',
        outcome: 'dropped',
        step: 'dedup',
        rule: 'exact_duplicate',
        value: 1,
        threshold: 1,
        failed: ['exact_duplicate'],
        duplicate_of: 'other.jsonl#0.17',
        similarity: 1,
        judged_by: 2,
        tokens: 1,
        bytes: 4,
      },
      {
        id: 'd3',
        outcome: 'dropped',
        step: 'quality',
        rule: 'min_length',
        value: null,
        threshold: 7,
        failed: ['min_length'],
        duplicate_of: null,
        similarity: null,
        judged_by: 1,
        tokens: 2,
        bytes: 8,
      },
      { id: 'd4', outcome: 'kept', ...nothing, judged_by: 0, tokens: 2, bytes: 7 },
    ]);
    expect(
      await query(
        `SELECT excerpt, gopher_word_count AS words, language, file, "offset"::INT AS at FROM ${from} WHERE ` +
          "id IN ('d3', 'd4') ORDER BY id",
      ),
    ).toEqual([
      { excerpt: 'no value', words: null, language: null, file: 'test.jsonl', at: 300 },
      { excerpt: 'żółw', words: 1, language: null, file: 'test.jsonl', at: 400 },
    ]);
  });

  it('gives only the dropped rows before a barrier', async () => {
    const table = ledgerRows(judgedBatch(), annotations, 'dropped');
    expect(table.rows).toBe(3);
    const from = await written(table);
    expect(await query(`SELECT id, rule FROM ${from}`)).toEqual([
      { id: 'd1', rule: 'min_words' },
      { id: 'd2', rule: 'exact_duplicate' },
      { id: 'd3', rule: 'min_length' },
    ]);
  });

  it('adds what a barrier carried over: original size, earlier judgements, excerpt', async () => {
    const carried = judgedBatch().withColumns([
      ['_text_bytes', { type: 'int32', values: Int32Array.of(90, 91, 92, 93, 94), valid: null }],
      ['_judged', { type: 'int32', values: Int32Array.of(0, 1, 2, 3, 4), valid: null }],
      ['_excerpt', utf8Column(['a', 'b', 'c', 'd', 'e'])],
    ]);
    const from = await written(ledgerRows(carried, annotations));
    expect(await query(`SELECT text_bytes::INT AS bytes, judged_by, excerpt FROM ${from}`)).toEqual([
      { bytes: 90, judged_by: 1, excerpt: 'a' },
      { bytes: 91, judged_by: 2, excerpt: 'b' },
      { bytes: 92, judged_by: 4, excerpt: 'c' },
      { bytes: 93, judged_by: 4, excerpt: 'd' },
      { bytes: 94, judged_by: 4, excerpt: 'e' },
    ]);
  });

  it('describes the text as it was read, and every cut with its rule', async () => {
    const batch = batchOf(['now', 'same']);
    const rewritten = batch.with({
      originalText: utf8Column(['before and now', 'same']),
      textVersion: 1,
      cuts: {
        offsets: Int32Array.of(0, 2, 2),
        start: Int32Array.of(0, 6),
        end: Int32Array.of(6, 11),
        rule: Uint16Array.of(1, 0),
        rules: ['lines', 'pii'],
      },
    });
    const from = await written(ledgerRows(rewritten, []));
    expect(await query(`SELECT text_bytes::INT AS bytes, excerpt, cut_spans FROM ${from}`)).toEqual([
      {
        bytes: 14,
        excerpt: 'before and now',
        cut_spans: [
          { start: 0, end: 6, rule: 'pii' },
          { start: 6, end: 11, rule: 'lines' },
        ],
      },
      { bytes: 4, excerpt: 'same', cut_spans: [] },
    ]);
    expect(
      await query(
        `SELECT rule, count(*)::INT AS n FROM (SELECT unnest(cut_spans, recursive := true) FROM ${from}) ` +
          'GROUP BY rule ORDER BY rule',
      ),
    ).toEqual([
      { rule: 'lines', n: 1 },
      { rule: 'pii', n: 1 },
    ]);
  });

  it('names the failing rule by bit, also beyond 32 rules', async () => {
    const rules = Array.from({ length: 40 }, (_, k) => rule(`rule_${k}`, k));
    const failed = new Uint32Array(2);
    failed[0] = 1 << 31;
    failed[1] = 1 << 7;
    const v: Verdict = {
      step: 'many',
      rules,
      judged: Uint8Array.of(1),
      rule: Int16Array.of(31),
      value: Float64Array.of(0.5),
      failed,
      failedWords: 2,
    };
    const from = await written(ledgerRows(batchOf(['x']).with({ alive: Uint8Array.of(0), verdicts: [v] }), []));
    expect(await query(`SELECT rule, failed, threshold FROM ${from}`)).toEqual([
      { rule: 'rule_31', failed: ['rule_31', 'rule_39'], threshold: 31 },
    ]);
  });

  it('cuts the excerpt at a code point', async () => {
    const from = await written(ledgerRows(batchOf(['ż'.repeat(200), `x${'🐢'.repeat(80)}`, 'y'.repeat(241)]), []));
    expect(await query(`SELECT excerpt FROM ${from}`)).toEqual([
      { excerpt: 'ż'.repeat(120) },
      { excerpt: `x${'🐢'.repeat(59)}` },
      { excerpt: 'y'.repeat(240) },
    ]);
  });

  it('holds quarantined records beside documents, with one schema', async () => {
    const quarantined = ledgerQuarantineRows([record], annotations);
    const documents = ledgerRows(judgedBatch(), annotations);
    const expected = ledgerSchema(annotations)
      .map(({ name, type }) => `${name} ${type}`)
      .join(', ');
    expect([schemaText(quarantined.columns), schemaText(documents.columns)]).toEqual([expected, expected]);
    const from = await written(quarantined, documents, ledgerRows(batchOf([]), annotations));
    expect(await query(`SELECT outcome, count(*)::INT AS n FROM ${from} GROUP BY outcome ORDER BY n`)).toEqual([
      { outcome: 'quarantined', n: 1 },
      { outcome: 'kept', n: 2 },
      { outcome: 'dropped', n: 3 },
    ]);
    expect(
      await query(
        'SELECT file, block::INT AS block, "offset"::INT AS at, "row", id, step, rule, failed, text_bytes, ' +
          `excerpt FROM ${from} WHERE outcome = 'quarantined'`,
      ),
    ).toEqual([
      {
        file: 'bad.jsonl',
        block: 5,
        at: 70,
        row: 3,
        id: null,
        step: 'read',
        rule: 'invalid_json',
        failed: [],
        text_bytes: null,
        excerpt: '{"text": ',
      },
    ]);
  });
});
