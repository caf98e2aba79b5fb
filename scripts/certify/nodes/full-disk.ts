/**
 * A disk that fills up while a run by many processes goes on: each ends with a message, and after room is made the same
 * commands write the bytes of one process. Needs the right to mount a small tmpfs (root), and `npm run build`.
 *
 *   npx tsx scripts/certify/nodes/full-disk.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLines, madeDocuments } from '../../../test/helpers/corpus.ts';
import { bytesOf, cli, sluice } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'));
const disk = join(folder, 'disk');
const small = ['--workers', '1', '--memory', '128MB'];
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
const run = sluice(folder);

/** A command that is expected to fail; returns what it says. */
function failing(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
  if (status === 0) throw new Error(`sluice ${args.join(' ')} went well on a full disk`);
  return `${stdout}${stderr}`;
}

mkdirSync(disk);
const mounted = mount('-t', 'tmpfs', '-o', 'size=1500k', 'tmpfs', disk);
try {
  if (!mounted) say('skipped: no right to mount');
  else {
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in/0.jsonl'), jsonLines(madeDocuments(3000)));
    writeFileSync(
      join(folder, 'recipe.ts'),
      `import { dedup, recipe } from 'sluice';
export default recipe({ name: 'full', splitBytes: 100_000, steps: [dedup.exact()] });
`,
    );
    const input = ['recipe.ts', '--input', 'in/*.jsonl'];
    await run(['run', ...input, '--output', 'one', ...small]);
    await run(['plan', ...input, '--output', 'disk/many', '--nodes', '4']);
    const shards = ['0/2', '1/2'].map((s) => ['run', 'disk/many', '--shard', s, ...small]);
    const said = failing(shards[0]);
    if (!said.includes('ENOSPC') && !/no space|disk is full/i.test(said))
      throw new Error(`it says nothing of it: ${said}`);
    say(`full: ${said.split('\n').find((l) => /space|ENOSPC|full/i.test(l))}`);
    mount('-o', 'remount,size=200m', disk);
    for (let phase = 0; phase < 3; phase++) for (const shard of shards) await run(shard);
    await run(['finish', 'disk/many']);
    const same = bytesOf(join(disk, 'many')) === bytesOf(join(folder, 'one'));
    say(`after room was made: ${same ? 'identical' : 'DIFFERENT'}`);
    if (!same) process.exitCode = 1;
  }
} finally {
  if (mounted) spawnSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
}
