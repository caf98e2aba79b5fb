import { expect, it } from 'vitest';
import * as z from 'zod';
import { parseOptions } from '../src/options.ts';

const schema = z.strictObject({
  rate: z.number('a number').default(1),
  size: z.int().min(2).max(9).default(2),
  share: z.number().gt(0).lt(1).default(0.5),
  files: z.array(z.string().min(1)).default([]),
  mode: z.enum(['fast', 'exact']).default('fast'),
  only: z.literal('this').default('this'),
  fields: z.strictObject({ answer: z.string().optional() }).default({}),
  bands: z.record(z.string(), z.strictObject({ min: z.number() })).default({}),
  list: z.array(z.strictObject({ name: z.string() })).default([]),
  either: z.union([z.number(), z.boolean()]).default(true),
});

it('fills in defaults', () => {
  expect(parseOptions(schema, undefined, 'step()')).toEqual({
    rate: 1,
    size: 2,
    share: 0.5,
    files: [],
    mode: 'fast',
    only: 'this',
    fields: {},
    bands: {},
    list: [],
    either: true,
  });
});

it.each([
  [{ rate: Number.NaN }, 'step(): expected rate: a number, got NaN.'],
  [{ rate: '1' }, 'step(): expected rate: a number, got "1".'],
  [{ files: ['a', 5] }, 'step(): expected files.1: a text, got 5.'],
  [{ files: ['a', ''] }, 'step(): expected files.1: a text that is not empty, got "".'],
  [{ files: 'a' }, 'step(): expected files: a list, got "a".'],
  [{ size: 1 }, 'step(): expected size: at least 2, got 1.'],
  [{ size: 10 }, 'step(): expected size: at most 9, got 10.'],
  [{ size: 2.5 }, 'step(): expected size: a whole number, got 2.5.'],
  [{ share: 0 }, 'step(): expected share: more than 0, got 0.'],
  [{ share: 1 }, 'step(): expected share: less than 1, got 1.'],
  [{ mode: 'slow' }, 'step(): expected mode: one of fast, exact, got "slow".'],
  [{ mode: null }, 'step(): expected mode: one of fast, exact, got null.'],
  [{ only: 'that' }, 'step(): expected only: this, got "that".'],
  [{ either: 'x' }, 'step(): expected either: a number, or true or false, got "x".'],
  [{ rate: parseOptions }, 'step(): expected rate: a number, got the function parseOptions.'],
  [{ list: [{}] }, 'step(): expected list.0.name: a text, got nothing.'],
  [
    { rat: 1 },
    'step(): expected only rate, size, share, files, mode, only, fields, bands, list, either, got the option rat. ' +
      'Did you mean rate?',
  ],
  [{ fields: { anser: 'x' } }, 'step() at fields: expected only answer, got the option anser. Did you mean answer?'],
  [{ bands: { all: { mn: 1 } } }, 'step() at bands.all: expected only min, got the option mn. Did you mean min?'],
  [{ list: [{ nam: 'x' }] }, 'step() at list.0: expected only name, got the option nam. Did you mean name?'],
  ['x', 'step(): expected options: an object with options, got "x".'],
  [[], 'step(): expected options: an object with options, got a list.'],
])('%j is refused with its place', (options, message) => {
  expect(() => parseOptions(schema, options, 'step()')).toThrow(message);
});
