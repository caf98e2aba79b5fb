import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { runCli, said, startCli } from '../../helpers/cli.ts';
import { jsonLines, madeDocuments } from '../../helpers/corpus.ts';
import { waitingRecipe, writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

it('Ctrl-C while standard input is copied: what came until then is not taken for the whole of it', async () => {
  const cwd = await temporaryFolder();
  const documents = Array.from({ length: 9 }, (_, i) => ({ text: `The mill stands by the river, ${i} of nine.` }));
  await writeProject(cwd, { documents });
  const start = () => startCli(['run', 'recipe.ts', '--input', '-', '--output', 'out'], { cwd });
  const first = start();
  first.child.stdin?.write(jsonLines(documents.slice(0, 4)));
  const copies = join(cwd, 'out/stdin-copy');
  // The copy that has begun, and what says which pipe it is of.
  await vi.waitFor(() => expect(existsSync(copies) && readdirSync(copies)).toHaveLength(2), { timeout: 20_000 });
  const heard = said(first.child, 'Ctrl-C again');
  first.child.kill('SIGINT');
  await heard;
  first.child.stdin?.end();
  const { code, stderr } = await first.done;
  expect(stderr).toContain('To resume:\n  sluice run recipe.ts --input - --output out\n');
  expect(code).toBe(130);
  expect(existsSync(copies)).toBe(false);
  const again = start();
  again.child.stdin?.end(jsonLines(documents));
  const result = await again.done;
  expect(result.stderr).not.toContain('expected');
  expect(result.code).toBe(0);
  expect(result.stdout).toContain(' of 9 documents');
});

it.skipIf(process.platform === 'win32')(
  'a killed run over a FIFO goes on from its copy, without a writer',
  async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { recipe: waitingRecipe(), documents: madeDocuments(60) });
    execFileSync('mkfifo', ['queue'], { cwd });
    spawn('sh', ['-c', 'cat in/part-000.jsonl > queue'], { cwd });
    const args = ['run', 'recipe.ts', '--input', 'queue', '--output', 'out', '--workers', '1'];
    const { child, done } = startCli(args, { cwd, env: { WAIT: 'for ever' } });
    await said(child, 'in work');
    child.kill('SIGKILL');
    await done;
    const resumed = await runCli(args, { cwd });
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('kept 60 of 60 documents') });
    expect(resumed.stdout.replace(/\s+/g, ' ')).toMatch(/queue: read from the copy in \S+ \(\d+ bytes\)/);
    expect(existsSync(join(cwd, 'out/stdin-copy'))).toBe(false);
    // Nothing is read of what is done.
    expect((await runCli(args, { cwd })).stdout).toContain('Already done');
    const fresh = await runCli([...args.slice(0, 3), '/dev/fd/941', ...args.slice(4), '--fresh'], { cwd });
    expect(fresh.code).toBe(2);
    expect(fresh.stderr).toContain('/dev/fd/941, which is closed');
    unlinkSync(join(cwd, 'queue'));
  },
);
