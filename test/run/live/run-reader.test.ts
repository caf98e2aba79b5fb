import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { RunReader } from '../../../src/run/live/run-reader.ts';
import { documents, doneRun } from '../../helpers/live-run.ts';

it('answers once more what lost its files, also where another question has opened the run anew', async () => {
  const folder = await doneRun(documents());
  const reader = new RunReader(() => folder);
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    let begin = (): void => {};
    let lose = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const lost = new Promise<void>((resolve) => {
      lose = resolve;
    });
    const signs: string[] = [];
    const counted = reader.use(async ({ sign }) => {
      signs.push(sign);
      begin();
      await lost;
      if (signs.length === 1) throw new Error('a file went away');
      return signs.length;
    }, 'count');
    await begun;
    await utimes(join(folder, 'run.json'), 1, 1);
    now = 6000;
    const after = await reader.use(async ({ sign }) => sign);
    lose();
    expect(await counted).toBe(2);
    expect(signs[1]).toBe(after);
    expect(signs[0]).not.toBe(after);
    const failing = reader.use(async () => {
      throw new Error('for another reason');
    });
    await expect(failing).rejects.toThrow('for another reason');
  } finally {
    clock.mockRestore();
    await reader.close();
  }
});
