import { expect, it } from 'vitest';
import type { Fleet } from '../../../src/run/nodes/fleet.ts';
import { remembered } from '../../../src/run/nodes/remembered.ts';

it('what tasks ask for is made once, again after an error, and again once it is forgotten', async () => {
  const fleet = {} as Fleet;
  const made: string[] = [];
  const ask = (name: string): Promise<string> =>
    remembered(fleet, name, async () => {
      made.push(name);
      if (made.length === 1) throw new Error('not there');
      return `${name} ${made.length}`;
    });
  await expect(ask('a')).rejects.toThrow('not there');
  expect(await Promise.all([ask('a'), ask('a')])).toEqual(['a 2', 'a 2']);
  for (const name of ['b', 'c', 'd']) await ask(name);
  expect(await ask('a')).toBe('a 2');
  // The fifth: what was asked for longest ago goes.
  await ask('e');
  expect([await ask('a'), await ask('b')]).toEqual(['a 2', 'b 7']);
});
