import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/run.ts';

const RECIPE = `import { annotate, recipe, textStatistics } from 'sluice';
export default recipe({ name: 'keep', splitBytes: 4096, steps: [annotate(textStatistics())] });
`;

/** A folder with a recipe beside it, and 300 documents in it. */
async function project(): Promise<{ cwd: string; data: string }> {
  const cwd = await temporaryFolder();
  const data = join(cwd, 'data');
  await mkdir(data);
  await writeFile(join(cwd, 'keep.mjs'), RECIPE);
  const lines = Array.from({ length: 300 }, (_, i) =>
    JSON.stringify({ id: `d${i}`, text: `Text number ${i}, quite short.` }),
  );
  await writeFile(join(data, 'data.jsonl'), `${lines.join('\n')}\n`);
  return { cwd, data };
}

const sql = async (cwd: string, run: string, query: string): Promise<unknown> =>
  JSON.parse((await runCli(['sql', run, '--json', query], { cwd })).stdout);

describe('a run', () => {
  it(
    'whose output lies in its input reads neither its own files nor those of other runs, and is done the ' +
      'second time',
    async () => {
      const { data: cwd } = await project();
      const args = ['run', '../keep.mjs', '--input', '.'];
      const first = await runCli(args, { cwd });
      expect(first.code).toBe(0);
      expect(first.stdout).toContain('kept 300 of 300 documents');
      const files = await sql(cwd, 'sluice-out/keep', 'SELECT file, count(*) AS n FROM ledger GROUP BY ALL');
      expect(files).toEqual([{ file: 'data.jsonl', n: 300 }]);
      const second = await runCli(args, { cwd });
      expect(second.code).toBe(0);
      expect(second.stdout).toContain('Already done: kept 300 of 300 documents');
      const other = await runCli([...args, '--output', 'other'], { cwd });
      expect(other.stdout).toContain('kept 300 of 300 documents');
      const plan = await runCli(['plan', '../keep.mjs', '--input', '.', '--output', 'other', '--no-probe'], { cwd });
      expect(plan.stdout).toContain('other holds this run, finished');
    },
  );

  it('given as an input offers the documents that it kept, to run and to inspect', async () => {
    const { cwd } = await project();
    await runCli(['run', 'keep.mjs', '--input', 'data', '--output', 'o'], { cwd });
    const second = await runCli(['run', 'keep.mjs', '--input', 'o', '--output', 'o2'], { cwd });
    expect(second.stdout).toContain('kept 300 of 300 documents');
    expect(second.stdout.replace(/\s+/g, ' ')).toContain(
      'o is a run directory of Sluice: what is read are the documents',
    );
    expect(await sql(cwd, 'o2', 'SELECT file, count(*) AS n FROM ledger GROUP BY ALL')).toEqual([
      { file: 'part-00000-of-00001.parquet', n: 300 },
    ]);
    const inspected = JSON.parse((await runCli(['inspect', 'o', '--json'], { cwd })).stdout) as { files: unknown };
    expect(inspected.files).toMatchObject([{ path: 'part-00000-of-00001.parquet', format: 'parquet' }]);
    const glob = await runCli(['inspect', 'o*/documents/*.parquet', '--json'], { cwd });
    expect((JSON.parse(glob.stdout) as { files: unknown[] }).files.length).toBe(2);
    const all = JSON.parse((await runCli(['inspect', '.', '--json'], { cwd })).stdout) as {
      files: { path: string }[];
      skipped: { path: string; reason: string }[];
    };
    expect(all.files.map((f) => f.path)).toEqual(['data/data.jsonl', 'keep.mjs']);
    expect(all.skipped.filter((s) => s.reason.startsWith('a run directory of Sluice')).map((s) => s.path)).toEqual([
      'o',
      'o2',
    ]);
  });

  it('with a part of the same size and other bytes is refused by every command that reads it', async () => {
    const { cwd } = await project();
    const args = ['run', 'keep.mjs', '--input', 'data', '--output', 'o'];
    expect((await runCli(args, { cwd })).code).toBe(0);
    const part = join(cwd, 'o/documents/part-00000-of-00001.parquet');
    const bytes = await readFile(part);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(part, bytes);
    for (const command of [
      args,
      ['status', 'o'],
      ['explain', 'o', 'd1'],
      ['sql', 'o', 'SELECT 1'],
      ['run', 'keep.mjs', '--input', 'o', '--output', 'o2'],
      ['inspect', 'o'],
    ]) {
      const { code, stderr, stdout } = await runCli(command, { cwd });
      expect([command, code, stdout.includes('Already done')]).toEqual([command, 1, false]);
      expect(stderr.replace(/\s+/g, ' ')).toMatch(
        /expected documents\/part-00000-of-00001\.parquet as it was committed .* got the same size, but other bytes/,
      );
    }
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(part, bytes);
    expect((await runCli(args, { cwd })).stdout).toContain('Already done');
  });

  it('that is not finished is refused as an input, and so is the output folder', async () => {
    const { cwd } = await project();
    await runCli(['run', 'keep.mjs', '--input', 'data', '--output', 'o'], { cwd });
    for (const input of ['o', 'o/documents', 'o/**/*.parquet', './o/../o']) {
      const own = await runCli(['run', 'keep.mjs', '--input', input, '--output', 'o', '--fresh'], { cwd });
      expect(own.code).toBe(2);
      expect(own.stderr).toContain('expected  an input outside the output folder');
    }
    const done = await runCli(['status', 'o'], { cwd });
    expect(done.stdout).toContain('keep in o: done');
    const record = JSON.parse(await readFile(join(cwd, 'o/run.json'), 'utf8')) as object;
    await writeFile(join(cwd, 'o/run.json'), JSON.stringify({ ...record, status: 'running' }));
    const unfinished = await runCli(['run', 'keep.mjs', '--input', 'o', '--output', 'o2'], { cwd });
    expect(unfinished.code).toBe(2);
    expect(unfinished.stderr).toContain('expected  a finished run, to read the documents that it kept');
  });
});
