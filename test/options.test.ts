import { expect, it } from 'vitest';
import * as z from 'zod';
import { parseOptions } from '../src/options.ts';

const schema = z.strictObject({
  rate: z.number('a number').default(1),
  files: z.array(z.string('a text')).default([]),
  fields: z.strictObject({ answer: z.string().optional() }).default({}),
});

it('fills in defaults', () => {
  expect(parseOptions(schema, undefined, 'step()')).toEqual({ rate: 1, files: [], fields: {} });
});

it.each([
  [{ rate: Number.NaN }, 'step(): expected rate: a number, got NaN.'],
  [{ rate: '1' }, 'step(): expected rate: a number, got "1".'],
  [{ files: ['a', 5] }, 'step(): expected files.1: a text, got 5.'],
  [{ rat: 1 }, 'step(): expected only rate, files, fields, got the option rat. Did you mean rate?'],
  [{ fields: { anser: 'x' } }, 'step(): expected fields: Unrecognized key: "anser", got {"anser":"x"}.'],
  ['x', 'step(): expected options: Invalid input: expected object, received string, got "x".'],
])('%j is refused with its place', (options, message) => {
  expect(() => parseOptions(schema, options, 'step()')).toThrow(message);
});
