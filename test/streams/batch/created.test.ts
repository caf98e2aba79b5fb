import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { withVerdict } from '../../../src/operators/verdicts.ts';
import { ledgerRows } from '../../../src/sinks/ledger.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { type Column, numberAt, stringAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { withCreated } from '../../../src/streams/batch/created.ts';
import { positionLabel } from '../../../src/streams/batch/position.ts';
import { conservationError, emptyCounters } from '../../../src/streams/commits/counters.ts';
import { countOutcome, countRead } from '../../../src/streams/commits/counting.ts';
import { batchOf } from '../../helpers/batches.ts';

const textOf = (batch: DocumentBatch) => Array.from({ length: batch.rows }, (_, i) => batch.text(i));
const labels = (batch: DocumentBatch) => Array.from({ length: batch.rows }, (_, i) => positionLabel(batch, i));
const texts = (...t: string[]) => new Map<string, Column>([['text', utf8Column(t)]]);
const three = () => batchOf(['one', 'two', 'three']);

describe('documents that a stage creates', () => {
  it('stand behind the one they are derived from, with its position and a number', () => {
    const before = three();
    const [first, , third] = labels(before);
    const grown = withCreated(before, {
      parent: Int32Array.of(2, 0, 2),
      columns: texts('third a', 'first a', 'third b'),
    });
    expect(textOf(grown)).toEqual(['one', 'first a', 'two', 'three', 'third a', 'third b']);
    expect(labels(grown).filter((l) => l.includes('+'))).toEqual([`${first}+1`, `${third}+1`, `${third}+2`]);
    expect([...(grown.made ?? [])]).toEqual([0, 1, 0, 0, 1, 1]);
    expect(stringAt(grown.utf8('id'), 1)).toBe(`${stringAt(before.utf8('id'), 0)}+1`);
    expect(stringAt(grown.utf8('domain'), 1)).toBe(stringAt(before.utf8('domain'), 0));
  });

  it('are numbered on over steps, and in turn are parents', () => {
    const once = withCreated(three(), { parent: Int32Array.of(0), columns: texts('a') });
    const twice = withCreated(once, { parent: Int32Array.of(0, 1, 1), columns: texts('b', 'a of a', 'b of a') });
    const position = labels(twice)[0];
    expect(textOf(twice).slice(0, 5)).toEqual(['one', 'b', 'a', 'a of a', 'b of a']);
    expect(labels(twice).slice(0, 5)).toEqual([
      position,
      `${position}+2`,
      `${position}+1`,
      `${position}+1.1`,
      `${position}+1.2`,
    ]);
  });

  it('have no verdict, no annotation, and a ledger row that names what they were made of', () => {
    const judged = withVerdict(three(), {
      step: 'judge',
      rules: [{ name: 'r', version: 1, column: 'c', comparison: '>', threshold: 1, onNull: 'pass', option: 'r' }],
      judged: Uint8Array.of(1, 1, 1),
      rule: Int16Array.of(-1, 0, -1),
      value: Float64Array.of(Number.NaN, 2, Number.NaN),
      failed: Uint32Array.of(0, 1, 0),
      failedWords: 1,
    }).withColumns([['c', { type: 'int32', values: Int32Array.of(1, 2, 1), valid: null }]]);
    const grown = withCreated(judged, {
      parent: Int32Array.of(0),
      parents: [[0, 2]],
      columns: texts('made'),
      generator: ['tiny'],
      promptHash: ['abc'],
      cost: Float64Array.of(0.25),
    });
    expect([...grown.alive]).toEqual([1, 1, 0, 1]);
    expect([...grown.verdicts[0].judged]).toEqual([1, 0, 1, 1]);
    expect([...grown.verdicts[0].rule]).toEqual([-1, -1, 0, -1]);
    expect(numberAt(grown.number('c'), 1)).toBeNull();
    const { columns } = ledgerRows(grown, [{ name: 'c', type: 'int32' }], 'all', true);
    const string = (name: string, row: number) => stringAt(columns.get(name) as never, row);
    expect([0, 1, 2].map((i) => string('outcome', i))).toEqual(['kept', 'kept', 'dropped']);
    expect([string('derived', 0), string('derived', 1)]).toEqual([null, '1']);
    expect([string('generator', 1), string('prompt_hash', 1)]).toEqual(['tiny', 'abc']);
    expect(numberAt(columns.get('cost') as never, 0)).toBeNull();
    expect(numberAt(columns.get('cost') as never, 1)).toBe(0.25);
    const parents = columns.get('parents') as unknown as { offsets: Int32Array; child: never };
    expect([...parents.offsets]).toEqual([0, 0, 2, 2, 2]);
    expect([0, 1].map((i) => stringAt(parents.child, i))).toEqual([labels(judged)[0], labels(judged)[2]]);
  });

  it('are counted as created, so that what came in is what went out', () => {
    const counters = emptyCounters();
    const before = three();
    countRead(counters, before, 'input');
    const grown = withCreated(before, { parent: Int32Array.of(1, 1), columns: texts('longer text', 'x') });
    countOutcome(counters, grown, true);
    expect(counters.created).toEqual({ documents: 2, bytes: 12, tokens: 0 });
    expect(counters.kept.documents).toBe(5);
    expect(conservationError(counters)).toBeNull();
    counters.created.documents--;
    expect(conservationError(counters)).toMatch(/1 documents and 0 bytes/);
  });

  it('come with a text, of the type of the column, from a row that is there', () => {
    const bad = (created: Parameters<typeof withCreated>[1]) => () => withCreated(three(), created);
    expect(bad({ parent: Int32Array.of(0), columns: new Map() })).toThrow(ConfigError);
    expect(bad({ parent: Int32Array.of(3), columns: texts('x') })).toThrow('a parent row of 0 to 2');
    const number: Column = { type: 'int32', values: Int32Array.of(1), valid: null };
    const columns = new Map([...texts('x'), ['domain', number] as const]);
    expect(bad({ parent: Int32Array.of(0), columns })).toThrow('utf8 in column domain');
  });

  it('are none: the same batch', () => {
    const before = three();
    expect(withCreated(before, { parent: new Int32Array(0), columns: texts() })).toBe(before);
  });
});
