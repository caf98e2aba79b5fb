import { describe, expect, it } from 'vitest';
import { StoreQueue } from '../../../src/run/directory/store-queue.ts';
import type { StoreSide } from '../../../src/run/directory/store-side.ts';

/** A store whose uploads and commits end when a test says so. */
function heldStore() {
  const uploads = new Map<string, { done(): void; fail(error: Error): void }>();
  const commits: (readonly string[])[] = [];
  let end: (() => void) | null = null;
  const side: Pick<StoreSide, 'upload' | 'commit'> = {
    upload: (phase) =>
      new Promise((done, fail) => {
        uploads.set(phase, { done, fail });
      }),
    commit: (lines) => {
      commits.push(lines);
      return new Promise((done) => {
        end = done;
      });
    },
  };
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    queue: new StoreQueue(side as StoreSide),
    commits,
    async uploaded(...phases: string[]) {
      for (const phase of phases) uploads.get(phase)!.done();
      await settled();
    },
    async failed(phase: string, error: Error) {
      uploads.get(phase)!.fail(error);
      await settled();
    },
    async committed() {
      end!();
      await settled();
    },
  };
}

describe('StoreQueue', () => {
  it('puts lines in order, and together those whose files have arrived while another was put', async () => {
    const { queue, commits, uploaded, committed } = heldStore();
    const done: string[] = [];
    for (const phase of ['a', 'b', 'c']) await queue.send({ phase, files: [] }, `${phase}\n`);
    queue.afterwards(async () => void done.push('after c'));
    await queue.send({ phase: 'd', files: [] }, 'd\n');
    await uploaded('b', 'c');
    expect(commits).toEqual([]);
    await uploaded('a');
    expect([commits, done]).toEqual([[['a\n', 'b\n', 'c\n']], []]);
    await uploaded('d');
    await committed();
    expect([commits.slice(1), done]).toEqual([[['d\n']], ['after c']]);
    await committed();
    await queue.arrived();
  });

  it('puts nothing behind files that could not be put, and says so to whoever comes next', async () => {
    const { queue, commits, uploaded, failed, committed } = heldStore();
    for (const phase of ['a', 'b', 'c']) await queue.send({ phase, files: [] }, phase);
    await failed('b', new Error('no room'));
    await uploaded('c', 'a');
    await committed();
    expect(commits).toEqual([['a']]);
    await expect(queue.send({ phase: 'd', files: [] }, 'd')).rejects.toThrow('no room');
    await expect(queue.arrived()).rejects.toThrow('no room');
  });
});
