import { expect, it } from 'vitest';
import { TAG_ORDER, tagNumber } from '../../src/kernels/html-tables.ts';
import { sumsOf } from '../../src/kernels/reference/html/features.ts';
import { parsePage } from '../../src/kernels/reference/html/parse.ts';
import { REPEATS, repeatsOf, writeRepeats } from '../../src/kernels/reference/html/repeats.ts';

/** The numbers of one block that tell what is repeated. */
function repeats(html: string, block: number): number[] {
  const page = parsePage(Buffer.from(html));
  const { chars, linkChars } = sumsOf(page.blocks);
  const out = new Int32Array(REPEATS);
  writeRepeats(page, chars, repeatsOf(page, chars, linkChars), block, out, 0);
  return [...out];
}

const none = (n: number): number[] => Array.from({ length: n }, () => -1);

it('tells the copy of a block, and the card that it stands in among its like', () => {
  const page = ['Alpha one', 'Beta', 'Alpha one'].map((text) => `<div class=c><p>${text}</p></div>`).join('');
  const copy = [1, 2, 0, 0, 1000, 1000, -1, -1];
  const places = [1, 0, 3, 2, ...none(6)];
  // Level, members, place, code points, mean, share of it, links, share of the page, blocks, place, tag, text before.
  const card = [1, 3, 2, 8, 6, 1200, 0, 1000, 1, 0, TAG_ORDER[tagNumber('div')], 600];
  expect(repeats(page, 2)).toEqual([...copy, ...places, ...card, ...none(12), 3, 1]);
});

it('takes elements of other classes or parents for no card, and a class with another number for the same', () => {
  const page = (second: string): string =>
    `<div><p class=a1>One</p><p class=${second}>Two</p></div><div><p class=a1>Three</p><a href=x><p class=a9>Four</a>`;
  const members = (second: string): number[] => [0, 1, 2, 3].map((i) => repeats(page(second), i)[8]);
  expect(members('a2')).toEqual([2, 2, 2, 2]);
  expect(members('b')).toEqual([1, 1, 2, 2]);
  expect(repeats('<p>One', 0)).toEqual([0, -1, 0, 0, 0, -1, -1, -1, 1, 0, ...none(8), ...none(24), 1, 0]);
});
