import { describe, expect, it } from 'vitest';
import { curveLines } from '../../../src/cli/terminal/curve.ts';
import { displayWidth } from '../../../src/safe-text.ts';

describe('a curve in a terminal', () => {
  it('falls from the top left to the bottom right, with its bounds beside', () => {
    const points = [4, 3, 2, 1].map((y, i) => ({ x: i, y }));
    const lines = curveLines(points, { width: 13, height: 2, end: 3 });
    expect(lines[0].slice(0, 9)).toBe('  4.000 ┤');
    expect(lines.map(displayWidth)).toEqual([13, 13, 13, 13]);
    // First dot at the top left, last at the bottom right.
    expect(lines[0].codePointAt(9)! & 0x01).toBe(0x01);
    expect(lines[1].codePointAt(12)! & 0x80).toBe(0x80);
    expect(lines[2]).toBe('        └────');
    expect(lines[3]).toBe('         0  3');
  });

  it('keeps a peak that lies between two columns', () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x === 501 ? 100 : 1 }));
    const [top, , , bottom] = curveLines(points, { width: 80, height: 4, end: 1000 });
    expect([...top.slice(9)].filter((c) => c !== '\u2800').length).toBe(1);
    expect([...bottom.slice(9)].every((c) => c !== '\u2800')).toBe(true);
  });

  it('is nothing for fewer than two points, and flat where all are equal', () => {
    expect(curveLines([{ x: 0, y: 1 }], { width: 80, height: 4, end: 10 })).toEqual([]);
    const flat = curveLines(
      [0, 10].map((x) => ({ x, y: 2 })),
      { width: 20, height: 2, end: 10 },
    );
    expect(flat[0].slice(9)).toBe('⠁⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈');
  });
});
