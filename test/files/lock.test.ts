import { readdirSync } from 'node:fs';
import { readFile, type rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { temporaryFolder } from '../helpers/run.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, rename: (from: string, to: string) => hooked(real.rename, from, to) };
});
/** What happens right after a dead lock was moved away, as another process could do it. */
let afterAside: ((aside: string) => Promise<void>) | null = null;
async function hooked(real: typeof rename, from: string, to: string): Promise<void> {
  const now = afterAside;
  await real(from, to);
  if (now === null || !String(to).endsWith('.tmp')) return;
  afterAside = null;
  await now(String(to));
}

const { lock } = await import('../../src/files/lock.ts');

it('a start that moved the lock of another away puts it back, but never over that of a third', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'lock');
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const second = JSON.stringify({ pid: process.pid, started });
  // The second had taken the dead lock over before we moved it: what we hold is its own. A third takes the folder.
  const third = JSON.stringify({ pid: process.pid, started: 'third' });
  afterAside = async (aside) => {
    await writeFile(aside, second);
    await writeFile(file, third, { flag: 'wx' });
  };
  await expect(lock(folder)).rejects.toThrow('got one that this process already uses');
  expect(await readFile(file, 'utf8')).toBe(third);
  expect(readdirSync(folder)).toEqual(['lock']);
});

it('a start that moved the lock of another away puts it back when nobody came', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'lock');
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
  const second = JSON.stringify({ pid: process.pid, started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] });
  afterAside = (aside) => writeFile(aside, second);
  await expect(lock(folder)).rejects.toThrow('got one that this process already uses');
  expect(await readFile(file, 'utf8')).toBe(second);
  expect(readdirSync(folder)).toEqual(['lock']);
});
