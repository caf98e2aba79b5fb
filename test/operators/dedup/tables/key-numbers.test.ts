import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyNumbers, withRoom } from '../../../../src/operators/dedup/tables/key-numbers.ts';

describe('KeyNumbers', () => {
  it('numbers keys of one, two or four words as a Map would, whatever room it began with', () => {
    const keys = fc.array(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), { maxLength: 300 });
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const, 4 as const),
        fc.integer({ min: 0, max: 40 }),
        keys,
        (width, room, list) => {
          const numbers = new KeyNumbers(width, room);
          const plain = new Map<string, number>();
          for (const key of list) {
            // Also keys whose words differ in their upper bits only.
            const words = Uint32Array.from(key, (w) => w << 30);
            const name = words.subarray(0, width).join();
            expect(numbers.find(words, 0)).toBe(plain.get(name) ?? -1);
            const n = plain.get(name) ?? plain.size;
            expect(numbers.number(words, 0)).toBe(n);
            plain.set(name, n);
          }
          expect(numbers.count).toBe(plain.size);
          expect([...numbers.keys()].join()).toBe([...plain.keys()].join());
        },
      ),
    );
  });

  it('keeps equal keys apart that are not the same, also when it grows', () => {
    const numbers = new KeyNumbers(2, 1);
    const key = Uint32Array.of(5, 7);
    const texts: string[] = [];
    const put = (text: string): number => {
      const n = numbers.number(key, 0, (known) => texts[known] === text);
      texts[n] ??= text;
      return n;
    };
    expect(['a', 'b', 'c', 'a', 'd', 'e', 'c', 'b'].map(put)).toEqual([0, 1, 2, 0, 3, 4, 2, 1]);
  });

  it('says what it holds: 4 bytes a word, and 8 to 16 a key of room', () => {
    for (const room of [100, 1000, 5461, 5462, 1 << 16]) {
      const numbers = new KeyNumbers(4, room);
      expect(numbers.bytes).toBeGreaterThanOrEqual(room * 24);
      expect(numbers.bytes).toBeLessThanOrEqual(room * 32);
      for (let n = 0; n < room; n++) numbers.number(Uint32Array.of(n, n, n, n), 0);
      expect(numbers.bytes).toBeLessThanOrEqual(room * 32);
    }
  });

  it('forgets, and begins again at 0', () => {
    const numbers = new KeyNumbers(1, 4);
    for (const n of [9, 8, 7]) numbers.number(Uint32Array.of(n), 0);
    numbers.clear(200);
    expect(numbers.find(Uint32Array.of(9), 0)).toBe(-1);
    expect(numbers.number(Uint32Array.of(7), 0)).toBe(0);
  });
});

describe('withRoom', () => {
  it('keeps the array when it is long enough, else copies it into one of twice the length or more', () => {
    const array = Int32Array.of(1, 2, 3);
    expect(withRoom(array, 3)).toBe(array);
    expect(withRoom(array, 4)).toEqual(Int32Array.of(1, 2, 3, 0, 0, 0));
    expect(withRoom(new Float64Array(0), 1)).toEqual(new Float64Array(1));
  });
});
