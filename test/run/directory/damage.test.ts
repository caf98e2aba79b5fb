import { cpSync, readFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, recipe, textStatistics } from 'sluice';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkBytes, checkFiles } from '../../../src/streams/commits/damage.ts';
import { readCommitStore } from '../../../src/streams/commits/store.ts';
import { readVerified } from '../../../src/streams/commits/verified.ts';
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

describe('a run that is too large to be read whenever it is opened', () => {
  /** A finished run, seen as one of more than `most` bytes: nothing is read but what was touched. */
  const large = { most: 0 };

  async function opened() {
    const path = join(await finished(), 'out');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const commits = await readCommitStore(join(path, 'commits.jsonl'), { repair: false });
    const part = join(path, PART);
    const stamps = () => readVerified(path);
    /** As if it had been written some time ago. */
    const settle = () => vi.setSystemTime(Date.now() + 10_000);
    return { path, part, commits, stamps, settle, check: () => checkFiles({ path, commits }, large) };
  }

  afterEach(() => void vi.useRealTimers());

  it('is not read while nothing has touched it since its commit; reading all finds what a disk does', async () => {
    const { path, part, commits } = await opened();
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(part, bytes);
    const at = new Date(Date.now() + 10_000).toISOString();
    const later = { path, commits: { ...commits, all: commits.all.map((c) => ({ ...c, at })) } };
    await checkFiles(later, large);
    await expect(checkFiles(later)).rejects.toThrow('the same size, but other bytes');
    await expect(checkBytes(later)).rejects.toThrow('the same size, but other bytes');
  });

  it('is refused when a byte of it was written, also where its time was set back', async () => {
    const { part, check, stamps } = await opened();
    const { atime, mtime } = statSync(part);
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(part, bytes);
    utimesSync(part, atime, mtime);
    await expect(check()).rejects.toThrow(`expected ${PART} as it was committed`);
    expect(stamps()).toEqual({});
  });

  it('is read once after it was copied, and again when a file of the copy was touched', async () => {
    const { path, part, check, stamps, settle } = await opened();
    cpSync(part, `${part}.copy`);
    renameSync(`${part}.copy`, part);
    // What was changed a moment ago may change again at the same time.
    await check();
    expect(stamps()).toEqual({});
    settle();
    await check();
    expect(stamps()).toEqual({
      [PART]: expect.objectContaining({ bytes: statSync(part).size, changed: statSync(part).ctimeMs }),
    });
    const before = readFileSync(join(path, 'verified.json'), 'utf8');
    await check();
    expect(readFileSync(join(path, 'verified.json'), 'utf8')).toBe(before);
    const bytes = readFileSync(part);
    bytes[100] ^= 1;
    writeFileSync(part, bytes);
    await expect(check()).rejects.toThrow('the same size, but other bytes');
  });
});
