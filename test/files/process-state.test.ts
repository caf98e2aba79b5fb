import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { lock } from '../../src/files/lock.ts';
import { processState } from '../../src/files/process-state.ts';
import { temporaryFolder } from '../helpers/run.ts';

it('a process that has ended is no holder, even where nobody has asked how it ended', async () => {
  if (!existsSync('/proc/self/stat')) return;
  expect(await processState(process.pid)).toMatchObject({ ended: false, started: expect.stringMatching(/^\d+$/) });
  expect(await processState(2 ** 22 + 1)).toEqual({ started: null, ended: false });
  // The shell becomes `tail`, which asks for no child of its own. The child ends when its input does: only after that,
  // for a shell would take note of it.
  const parent = spawn('sh', ['-c', 'cat <&3 & echo $!; exec tail -f /dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  try {
    const [line] = await once(parent.stdout as Readable, 'data');
    const pid = Number(String(line));
    while ((await readFile(`/proc/${parent.pid}/comm`, 'utf8')) !== 'tail\n') await new Promise(setImmediate);
    (parent.stdio[3] as Duplex).destroy();
    let state = await processState(pid);
    for (; !state.ended; state = await processState(pid)) {
      expect(state.started).not.toBeNull();
      await new Promise(setImmediate);
    }
    const { started } = state;
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid, started }));
    await lock(folder);
  } finally {
    parent.kill('SIGKILL');
  }
});
