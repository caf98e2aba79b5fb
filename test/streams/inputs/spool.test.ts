import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { type Pipe, pipeOf } from '../../../src/streams/inputs/pipe.ts';
import { spool } from '../../../src/streams/inputs/spool.ts';
import { built } from '../../helpers/built.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { readAll } from '../formats/read-all.ts';

async function* piped(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}
const pipe = (...parts: string[]): Pipe => pipeOf('-', piped(...parts))!;

it('the same input piped in again is the same file, which only its owner can read', async () => {
  const folder = await temporaryFolder();
  const { path, warning } = await spool(pipe('one\n', 'two\n'), folder);
  expect((await spool(pipe('one\ntwo', '\n'), folder)).path).toBe(path);
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  expect(warning).toContain('(8 bytes)');
  expect((await spool(pipe('other'), folder)).path).not.toBe(path);
  expect((await readdir(folder)).length).toBe(2);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('without a folder it lies in one that nobody can guess or open, and that goes with the process', async () => {
  const { path } = await spool(pipe('one\n'));
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(dirname(path)).toMatch(new RegExp(`/sluice-stdin-${process.pid}-\\w{6}$`));
  const script = `import { pipeOf } from ${JSON.stringify(built('streams/inputs/pipe'))};
    import { spool } from ${JSON.stringify(built('streams/inputs/spool'))};
    console.log((await spool(pipeOf('-'))).path);`;
  const left = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    input: 'two\n',
    encoding: 'utf8',
  }).trim();
  expect(left).toMatch(/sluice-stdin-\d+-\w{6}\/stdin-[0-9a-f]{16}$/);
  expect(existsSync(dirname(left))).toBe(false);
});

it('nothing is left of an input that fails', async () => {
  const folder = await temporaryFolder();
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield* piped('one');
    throw new Error('broken pipe');
  };
  await expect(spool(pipeOf('-', broken())!, folder)).rejects.toThrow('broken pipe');
  expect(await readdir(folder)).toEqual([]);
});

it('what a killed process left is removed, and nothing of one that is alive or may be', async () => {
  const folder = await temporaryFolder();
  const { pid: gone } = spawnSync(process.execPath, ['--version']);
  const { pid: seenElsewhere } = spawnSync(process.execPath, ['--version']);
  const [killed, fresh, alive] = [gone, seenElsewhere, process.ppid].map((pid) => `stdin-${pid}-0a-1b.tmp`);
  for (const name of [killed, fresh, alive, 'mine.tmp']) {
    await writeFile(join(folder, name), 'half');
    if (name !== fresh) await utimes(join(folder, name), 0, 0);
  }
  const { path } = await spool(pipe('one'), folder);
  expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(
    [path, ...[fresh, alive, 'mine.tmp'].map((name) => join(folder, name))].sort(),
  );
});

it.skipIf(process.platform === 'win32')('reads FIFOs, each once, beside files', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'copies'));
  const fifo = join(folder, 'queue');
  execFileSync('mkfifo', [fifo]);
  chmodSync(fifo, 0o600);
  await writeFile(join(folder, 'a.jsonl'), '{"id":"a","text":"from a file"}\n');
  const writer = spawn('sh', ['-c', `printf '{"id":"b","text":"from a pipe"}\n' > '${fifo}'`]);
  const { documents, plan } = await readAll([join(folder, 'a.jsonl'), fifo, fifo], {
    spoolFolder: join(folder, 'copies'),
  });
  expect(documents.map((d) => [d.file, d.id, d.text])).toEqual([
    ['a.jsonl', 'a', 'from a file'],
    ['queue', 'b', 'from a pipe'],
  ]);
  expect(plan.warnings).toEqual([expect.stringMatching(/queue \(32 bytes\) was copied to .*, so that a run/)]);
  expect(writer.pid).toBeGreaterThan(0);
});

it('a FIFO to which nobody writes can be left', async () => {
  const fifo = join(await temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [fifo]);
  const stream = pipeOf(fifo)!.read() as Socket;
  stream.destroy();
  await once(stream, 'close');
  expect(stream.destroyed).toBe(true);
});
