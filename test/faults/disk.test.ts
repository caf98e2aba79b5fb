import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { leftovers, linesOf, runChild, runHere, runWhole } from './harness.ts';

const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' });

/** Gives a file system of its own in memory to a test; skips it where that is not allowed. */
async function onSmallDisk(t: TestContext, path: string, size: string, test: () => Promise<void>): Promise<void> {
  await mkdir(path);
  const made = mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', path);
  t.skip(made.status !== 0, `no right to mount a small disk: ${made.stderr?.trim() || made.error?.message}`);
  try {
    await test();
  } finally {
    spawnSync('umount', [path]);
  }
}

async function project(documents: number, recipe = 'barriers') {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(documents, 8), 1);
  const run = { recipe, input: join(folder, 'in/*.jsonl') };
  await runHere({ ...run, output: join(folder, 'whole') });
  return { folder, run, bytes: promisedBytes(join(folder, 'whole')) };
}

/** Some calls of each kind; `node test/faults/injected.mjs` takes all of them. */
describe('a disk', () => {
  it('that is full ends the run with a clear error and leaves nothing half done; with space it goes on', async (t) => {
    const { folder, run, bytes } = await project(300);
    const disk = join(folder, 'disk');
    const output = join(disk, 'out');
    await onSmallDisk(t, disk, '256k', async () => {
      const end = await runChild({ ...run, output, workers: 2 });
      expect(end.code).toBe(1);
      expect(end.stderr).toMatch(
        /InputError.*got a full disk \(ENOSPC\)\. Free some space and run the same command again/s,
      );
      expect(leftovers(output).filter((f) => f.endsWith('.tmp') || f === 'lock')).toEqual([]);
      expect(linesOf(join(output, 'commits.jsonl')).length).toBeGreaterThan(0);
      expect(mount('-o', 'remount,size=64m', disk).status).toBe(0);
      await runHere({ ...run, output, workers: 2 });
      expect(promisedBytes(output)).toEqual(bytes);
      expect(leftovers(output)).toEqual([]);
    });
  });

  it('that may only be read says so', async (t) => {
    const { folder, run } = await project(5);
    const disk = join(folder, 'disk');
    await onSmallDisk(t, disk, '1m', async () => {
      expect(mount('-o', 'remount,ro', disk).status).toBe(0);
      const end = await runChild({ ...run, output: join(disk, 'out') });
      expect(end.code).toBe(1);
      expect(end.stderr).toMatch(/InputError.*expected mkdir to succeed, got EROFS: read-only file system/s);
    });
  });

  it.each([
    ['ENOSPC', 'plain', '^(append|write (commits|documents|ledger|plan|run))', 8],
    ['EIO', 'plain', '^rename (documents|ledger|run)', 3],
    ['EIO', 'barriers', '^fsync-folder work/again', 2],
  ] as const)(
    'that says %s once, at any call of %s (%s), ends the run with that error; the next start ends well',
    { timeout: 600_000 },
    async (code, recipe, pattern, atLeast) => {
      const { folder, run, bytes } = await project(12, recipe);
      const end = await runWhole({ ...run, output: join(folder, 'each'), each: [code, pattern] });
      const results = linesIn(end.stdout).map((l) => JSON.parse(l) as Injected);
      expect(results.length).toBeGreaterThanOrEqual(atLeast);
      for (const { site, error, left, output } of results) {
        expect({ site, error }).toEqual({ site, error: 'InputError' });
        // What may not be deleted stays until the next start.
        expect({ site, left: site.startsWith('rm lock.P.tmp') ? [] : left }).toEqual({ site, left: [] });
        expect({ site, bytes: promisedBytes(output) }).toEqual({ site, bytes });
        expect({ site, leftovers: leftovers(output) }).toEqual({ site, leftovers: [] });
      }
    },
  );
});

const linesIn = (text: string): string[] => text.split('\n').filter((l) => l !== '');

/** What `injected.mjs` says of one failpoint. */
interface Injected {
  readonly site: string;
  /** Name of the error that the run ended with. */
  readonly error: string;
  /** Temporary files and lock right after it. */
  readonly left: readonly string[];
  readonly output: string;
}
