import { describe, expect, it } from 'vitest';
import { coversPlace, domainOf, placeSql, scopeColumns } from '../../src/ledger/what-if/places.ts';
import { drop, rule } from '../../src/operators/drop.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { covers, rowsInScope, type Scope } from '../../src/streams/scope.ts';
import { batchOf } from '../helpers/batches.ts';

const batch = batchOf([
  { text: 'a', domain: 'web' },
  { text: 'b', domain: 'code' },
  { text: 'c', domain: 'web' },
]).withColumns([['parts_kind', utf8Column(['prose', 'code', null])]]);

describe('a scope', () => {
  it.each([
    [{ domain: ['web'] }, [1, 0, 1]],
    [{ domain: ['web'], not: true }, [0, 1, 0]],
    [{ column: 'parts_kind', is: ['prose'] }, [1, 0, 0]],
    [{ column: 'parts_kind', is: ['prose', 'code'] }, [1, 1, 0]],
    [{ column: 'parts_kind', is: ['prose'], not: true }, [0, 1, 1]],
  ] satisfies [Scope, number[]][])('%j covers %j', (where, rows) => {
    expect([...rowsInScope(batch, where)]).toEqual(rows);
  });

  it('takes a document without a value for one of no name', () => {
    expect(covers({ column: 'x', is: [''] }, null)).toBe(true);
    expect(covers({ column: 'x', is: ['a'], not: true }, null)).toBe(true);
  });

  it('makes its column one that the step reads', () => {
    const step = drop('x', [rule('text_chars < 1')], { where: { column: 'parts_kind', is: ['prose'] } });
    expect(step.descriptor.reads).toEqual(['text_chars', 'parts_kind']);
  });

  it.each([
    [{ column: 'parts_kind' }],
    [{ is: ['prose'] }],
    [{ column: 'parts_kind', is: ['prose'], domain: ['web'] }],
    [{}],
  ])('%j is refused', (where) => {
    expect(() => drop('x', [rule('text_chars < 1')], { where: where as unknown as Scope })).toThrow(
      'expected where: { domain: [...] } or { column: ..., is: [...] }',
    );
  });
});

describe('places of what-if', () => {
  const where: Scope = { column: 'parts_kind', is: ['prose'] };
  const { descriptor } = drop('x', [rule('text_chars < 1')], { where });

  it('are domains where no scope looks at a column', () => {
    expect(scopeColumns([drop('x', [rule('text_chars < 1')]).descriptor])).toEqual([]);
    expect(placeSql([])).toBe("coalesce(domain, '')");
    expect(coversPlace({ domain: ['web'] }, 'web', [])).toBe(true);
    expect(coversPlace({ domain: ['web'] }, 'books', [])).toBe(false);
  });

  it('have the values of the columns of scopes, and without one may be in any', () => {
    expect(scopeColumns([descriptor, descriptor])).toEqual(['parts_kind']);
    expect(placeSql(['parts_kind'])).toBe(`coalesce(domain, '') || chr(1) || coalesce("parts_kind", '')`);
    expect(domainOf('web\u0001prose')).toBe('web');
    expect(coversPlace(where, 'web\u0001prose', ['parts_kind'])).toBe(true);
    expect(coversPlace(where, 'web\u0001code', ['parts_kind'])).toBe(false);
    expect(coversPlace(where, 'web\u0001', ['parts_kind'])).toBe(true);
    expect(coversPlace({ domain: ['web'] }, 'web\u0001code', ['parts_kind'])).toBe(true);
  });
});
