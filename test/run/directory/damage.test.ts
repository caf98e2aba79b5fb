import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, recipe, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';

const RECIPE = `import { annotate, recipe, textStatistics } from 'sluice';
export default recipe({ name: 'keep', steps: [annotate(textStatistics())] });
`;
const keep = recipe({ name: 'keep', steps: [annotate(textStatistics())] });

async function finished(): Promise<string> {
  const cwd = await temporaryFolder();
  writeFileSync(join(cwd, 'keep.mjs'), RECIPE);
  await writeCorpus(join(cwd, 'in'), madeDocuments(200, 3), 1);
  await runToEnd(keep, { input: [join(cwd, 'in')], output: join(cwd, 'out'), workers: 1 });
  return cwd;
}

const COMMANDS = [
  ['run', 'keep.mjs', '--input', 'in', '--output', 'out'],
  ['status', 'out'],
  ['sql', 'out', 'SELECT count(*) FROM documents'],
  ['explain', 'out', 'doc-1'],
  ['clusters', 'out'],
];
const PART = 'documents/part-00000-of-00001.parquet';

describe('a finished run one of whose files', () => {
  it.each([
    ['is shorter than it was', (path: string) => truncateSync(path, 1000), 'got       1000 bytes'],
    ['is gone', (path: string) => rmSync(path), 'no such file|1 of them missing'],
  ] as const)('%s is refused by every command that reads it', async (_, damage, got) => {
    const cwd = await finished();
    damage(join(cwd, 'out', PART));
    for (const args of COMMANDS) {
      const { code, stderr, stdout } = await runCli(args, { cwd });
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(stderr).toContain(PART);
      expect(stderr).toMatch(new RegExp(got));
      expect(stderr).toContain('--fresh');
      expect(stderr).not.toContain('fault of Sluice');
    }
  });

  it('has other bytes is refused by status --verify, and by sql when it reads them', async () => {
    const cwd = await finished();
    const verified = await runCli(['status', 'out', '--verify'], { cwd });
    expect(verified.stdout).toMatch(/Verified: 2 files, [\d.]+ kB, are as they were committed\./);
    const path = join(cwd, 'out', PART);
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 100, 900);
    writeFileSync(path, bytes);
    const message = `expected  ${PART} as it was committed`;
    const damaged = await runCli(['status', 'out', '--verify'], { cwd });
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain(message);
    const sql = await runCli(['sql', 'out', 'SELECT max(length(text)), max(id), max(file) FROM documents'], { cwd });
    expect(sql.code).toBe(1);
    expect(sql.stderr).toContain(message);
    expect(sql.stderr).toContain('the same size, but other bytes');
  });
});
