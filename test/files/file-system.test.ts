import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type FileSystem, nodeFileSystem } from '../../src/files/file-system.ts';
import { publish } from '../../src/files/publish.ts';
import { arrow, jsonl, parquet } from '../../src/sinks/descriptors.ts';
import type { SinkDescriptor } from '../../src/sinks/options.ts';
import { openSegmentWriter, writeShard } from '../../src/sinks/writers.ts';
import { batchesOf, plainRow, repeated, sinkFolder } from '../helpers/tables.ts';

/** The real disk, until the n-th call of one kind fails with a code. */
function failing(call: keyof FileSystem, nth: number, code: string): FileSystem {
  let count = 0;
  const broken = { ...nodeFileSystem } as Record<string, unknown>;
  broken[call] = async (...args: unknown[]) => {
    const fails = ++count === nth;
    // A failed close has closed the file all the same.
    const result =
      fails && call !== 'close' ? null : await (nodeFileSystem[call] as (...a: unknown[]) => unknown)(...args);
    if (fails) throw Object.assign(new Error(`${code}: made up for a test`), { code });
    return result;
  };
  return broken as unknown as FileSystem;
}

async function writeAll(sink: SinkDescriptor, runDirectory: string, fileSystem: FileSystem): Promise<void> {
  const writer = await openSegmentWriter(sink, { runDirectory, path: 'segment', fileSystem });
  try {
    for (const batch of batchesOf(repeated([plainRow], 17_000), [8192])) await writer.write(batch);
    const file = await writer.finish();
    await publish(runDirectory, [file!], { fileSystem });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

describe.each([
  ['parquet', parquet()],
  ['jsonl', jsonl()],
  ['arrow', arrow()],
] as const)('%s on a disk that fails', (_, sink) => {
  it.each([
    ['write', 1, 'ENOSPC', /a full disk \(ENOSPC\)\. Free some space/],
    ['write', 2, 'ENOSPC', /expected to write \d+ bytes after byte \d+, got a full disk/],
    ['open', 1, 'EACCES', /expected to create a file, got EACCES/],
    ['fsync', 1, 'EIO', /expected to flush a file to disk, got EIO/],
    ['close', 1, 'ENOSPC', /expected to close a file, got a full disk/],
  ] as const)('says what happened and leaves nothing: %s %i %s', async (call, nth, code, message) => {
    const runDirectory = await sinkFolder();
    const error = await writeAll(sink, runDirectory, failing(call, nth, code)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain('segment.');
    expect(readdirSync(runDirectory)).toEqual([]);
  });

  it.each(['rename', 'fsyncFolder'] as const)(
    'has no final name that was not made durable without saying so: %s',
    async (call) => {
      const runDirectory = await sinkFolder();
      await expect(writeAll(sink, runDirectory, failing(call, 1, 'EIO'))).rejects.toThrow(
        /expected to (rename a finished file|make the names in a folder durable), got EIO/,
      );
    },
  );

  it('goes through the file system given for every call', async () => {
    const runDirectory = await sinkFolder();
    const calls: string[] = [];
    const traced = Object.fromEntries(
      Object.entries(nodeFileSystem).map(([name, f]) => [
        name,
        (...args: unknown[]) => {
          if (calls.at(-1) !== name) calls.push(name);
          return (f as (...a: unknown[]) => unknown)(...args);
        },
      ]),
    ) as unknown as FileSystem;
    await writeAll(sink, runDirectory, traced);
    expect(calls).toEqual(['open', 'write', 'fsync', 'close', 'rename', 'fsyncFolder']);
  });
});

describe('joining on a disk that fails', () => {
  it.each([
    ['write', 1, 'ENOSPC', /a full disk \(ENOSPC\)/],
    ['read', 2, 'EIO', /expected to read a committed segment, got EIO/],
    ['open', 2, 'ENOENT', /expected to open a committed segment, got ENOENT/],
    ['fsync', 1, 'EIO', /expected to flush a file to disk/],
  ] as const)('leaves the segments and nothing else: %s %i %s', async (call, nth, code, message) => {
    const runDirectory = await sinkFolder();
    const writer = await openSegmentWriter(parquet(), { runDirectory, path: 'a' });
    await writer.write(batchesOf([plainRow], [1])[0]);
    const file = (await writer.finish())!;
    await publish(runDirectory, [file]);
    const place = {
      runDirectory,
      path: 'part-00000-of-00001.parquet',
      inputs: [file],
      fileSystem: failing(call, nth, code),
    };
    await expect(writeShard(parquet(), place)).rejects.toThrow(message);
    expect(readdirSync(runDirectory)).toEqual(['a.parquet']);
  });
});
