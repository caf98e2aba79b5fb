import { describe, expect, it } from 'vitest';
import { count, duration, percent, rough, shellWord, short, size } from '../../../src/cli/terminal/format.ts';

describe('numbers for people', () => {
  it.each([
    [count(1234567), '1,234,567'],
    [count(999), '999'],
    [size(999), '999 B'],
    [size(1000), '1.0 kB'],
    [size(99_949_999), '99.9 MB'],
    [size(999_499_999), '999 MB'],
    [size(999_500_000), '1.0 GB'],
    [rough(999), '999'],
    [rough(12_345), '12.3 k'],
    [rough(4_560_000), '4.6 M'],
    [percent(1, 3), '33.3 %'],
    [percent(0, 3), '0 %'],
    [percent(3, 3), '100 %'],
    [percent(1, 100_000), '<0.1 %'],
    [percent(99_999, 100_000), '>99.9 %'],
    [percent(0, 0), '–'],
    [duration(0.42), '0.42 s'],
    [duration(9.96), '10.0 s'],
    [duration(42.4), '42 s'],
    [duration(125), '2 min 05 s'],
    [duration(3 * 3600 + 20 * 60), '3 h 20 min'],
    [duration(200 * 3600), '8 days 8 h'],
    [short(37), '37'],
    [short(100000), '100,000'],
    [short(0.083333333), '0.08333'],
    [short(256.6666), '256.7'],
  ])('%s', (made, expected) => {
    expect(made).toBe(expected);
  });
});

describe('shellWord', () => {
  it.each([
    ['data/part-0.jsonl', 'data/part-0.jsonl'],
    ['data/*.jsonl', "'data/*.jsonl'"],
    ["it's", "'it'\\''s'"],
    ['a b; rm -rf /', "'a b; rm -rf /'"],
    ['', "''"],
  ])('%j', (word, quoted) => {
    expect(shellWord(word)).toBe(quoted);
  });
});
