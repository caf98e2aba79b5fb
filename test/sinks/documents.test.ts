import { describe, expect, it } from 'vitest';
import { documentColumns } from '../../src/sinks/documents.ts';
import { schemaText } from '../../src/sinks/table.ts';
import { type Column, numberAt, stringAt } from '../../src/streams/batch/columns.ts';
import { batchOf } from '../helpers/batches.ts';

const value = (c: Column, row: number): string | number | null =>
  c.type === 'utf8' ? stringAt(c, row) : numberAt(c, row);

describe('document columns', () => {
  const batch = batchOf(['one', 'two', 'three'], { annotations: { words: [1, null, 3] } });

  it('are the rows alive, the document first, then its position and annotations', () => {
    const table = documentColumns(
      batch.with({ alive: Uint8Array.of(0, 1, 1) }),
      [
        { name: 'words', type: 'float64' },
        { name: 'absent', type: 'utf8' },
      ],
      false,
    );
    expect(schemaText(table.columns)).toBe(
      'id utf8, text utf8, domain utf8, metadata utf8, file utf8, block int64, offset int64, row uint32, ' +
        'words float64, absent utf8',
    );
    const rows = [0, 1].map((i) => [...table.columns.values()].map((c) => value(c as Column, i)));
    expect(table.rows).toBe(2);
    expect(rows).toEqual([
      ['d1', 'two', 'test', '{}', 'test.jsonl', 0, 100, 1, null, null],
      ['d2', 'three', 'test', '{}', 'test.jsonl', 0, 200, 2, 3, null],
    ]);
  });

  it('say the version of the text where a recipe rewrites', () => {
    const table = documentColumns(batch.with({ textVersion: 2 }), [], true);
    expect([...table.columns.keys()].at(-1)).toBe('text_version');
    expect([0, 1, 2].map((i) => value(table.columns.get('text_version') as Column, i))).toEqual([2, 2, 2]);
  });

  it('carry nothing of the engine', () => {
    const carried = batch.withColumns([['_judged', { type: 'int32', values: Int32Array.of(1, 1, 1), valid: null }]]);
    expect(documentColumns(carried, [], false).columns.has('_judged')).toBe(false);
  });
});
