import { describe, expect, it } from 'vitest';
import { Cells } from '../../../src/sinks/live/cells.ts';

const since = (cells: Cells, cursor: number) =>
  JSON.parse(cells.since(cursor)) as { cursor: number; cells: Record<string, unknown> };

describe('cells', () => {
  it('gives a client what changed since its cursor, and no more', () => {
    const cells = new Cells();
    expect(
      cells.replace([
        ['a', 1],
        ['b', { x: 1 }],
      ]),
    ).toBe(true);
    expect(since(cells, 0)).toEqual({ cursor: 1, cells: { a: 1, b: { x: 1 } } });
    expect(
      cells.replace([
        ['a', 1],
        ['b', { x: 2 }],
      ]),
    ).toBe(true);
    expect(since(cells, 1)).toEqual({ cursor: 2, cells: { b: { x: 2 } } });
    expect(
      cells.replace([
        ['a', 1],
        ['b', { x: 2 }],
      ]),
    ).toBe(false);
    expect(since(cells, 2)).toEqual({ cursor: 2, cells: {} });
    expect(since(cells, 0)).toEqual({ cursor: 2, cells: { a: 1, b: { x: 2 } } });
  });

  it('says of a cell that it is gone to those who have it', () => {
    const cells = new Cells();
    cells.replace([
      ['a', 1],
      ['b', 2],
    ]);
    cells.replace([['a', 1]]);
    expect(since(cells, 1)).toEqual({ cursor: 2, cells: { b: null } });
    expect(since(cells, 0)).toEqual({ cursor: 2, cells: { a: 1 } });
  });

  it('sends as much in the tenth hour as in the first minute', () => {
    const cells = new Cells();
    let cursor = 0;
    const sizes: number[] = [];
    // Seven pictures a second, of 40 cells of which 5 change.
    for (let tick = 1; tick <= 7 * 60 * 60 * 10; tick += 97) {
      const changed = Array.from({ length: 5 }, (_, i): [string, unknown] => [`step/${i}`, { n: 1e9 + tick }]);
      const same = Array.from({ length: 35 }, (_, i): [string, unknown] => [`rule/${i}`, { n: i }]);
      cells.replace([...changed, ...same]);
      const json = cells.since(cursor);
      cursor = cells.version;
      sizes.push(json.length);
    }
    const [, second] = sizes;
    expect(Math.max(...sizes.slice(1))).toBeLessThan(second + 10);
  });
});
