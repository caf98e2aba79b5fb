import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runCli, spawnCli, startCli } from '../../helpers/cli.ts';
import { generator, prose, writeCorpus } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** Clean prose to train on; to score, half prose of its kind and half noise: the same with its words backwards. */
async function project(): Promise<string> {
  const cwd = await temporaryFolder();
  const random = generator(31);
  // The short words stay: what has none of the words of English passes as another language.
  const noise = (): string => prose(random, 80).replaceAll(/[a-z]{4,}/g, (w) => [...w].reverse().join(''));
  const clean = Array.from({ length: 60 }, (_, i) => ({
    id: `c${i}`,
    text: prose(random, 80),
    metadata: { domain: 'books' },
  }));
  const raw = Array.from({ length: 40 }, (_, i) => ({
    id: `r${i}`,
    text: i % 2 === 0 ? prose(random, 80) : noise(),
    metadata: { domain: i % 2 === 0 ? 'books' : 'web' },
  }));
  await writeCorpus(join(cwd, 'clean'), [...clean, { id: 'x', text: 'zzz', metadata: { domain: 'web' } }]);
  await writeCorpus(join(cwd, 'raw'), raw);
  return cwd;
}

describe('sluice train-ngram', () => {
  it('makes a model with which the recipe perplexity tells prose from noise, and explain says why', async () => {
    const cwd = await project();
    const trained = await runCli(
      ['train-ngram', '--input', 'clean/*.jsonl', '--domain', 'books', '--output', 'm.ngram'],
      { cwd },
    );
    expect(trained.stderr).toBe('');
    expect(trained.stdout).toMatch(
      new RegExp(
        String.raw`^Trained on 60 documents, \S+ kB of text, [\d,]+ bytes and ends\.\nWrote m\.ngram: [\d,]+ ` +
          String.raw`n-grams of up to 6 bytes, 259 in the vocabulary\.\n`,
      ),
    );
    expect(trained.stdout).toContain('--set perplexity.model=m.ngram');
    const args = [
      'run',
      'perplexity-ngram',
      '--input',
      'raw/*.jsonl',
      '--set',
      'perplexity.model=m.ngram',
      '--output',
      'out',
    ];
    const ran = await runCli([...args, '--set', 'select.criterion=low'], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/Done: kept 20 of 40 documents/);
    expect(ran.stdout).toMatch(/50\.0 % +20 {2}ppl_rank_above {2}not in the lowest 50\.0 % by ppl\n/);
    expect(ran.stdout).toMatch(/mix +select changed the share of documents: books 50\.0 % → 100 %, web 50\.0 % → 0 %/);
    const explained = await runCli(['explain', 'out', 'r1'], { cwd });
    expect(explained.stdout).toMatch(/buckets +ppl_bucket (head|middle|tail)\n/);
    expect(explained.stdout).toMatch(/select +[\d,.]+ ≥ [\d,.]+, the cut-off of ppl_rank_above\n/);
    expect(explained.stdout).toMatch(
      /It would have been kept with a value below [\d,.]+, or with a larger --set select\.rate\n/,
    );
  });

  it('makes a model that does not score what it was trained on', async () => {
    const cwd = await project();
    await runCli(
      ['train-ngram', '--input', 'clean', '--domain', 'books', '--output', 'm.ngram', '--group-by', 'text'],
      {
        cwd,
      },
    );
    const run = ['run', 'perplexity-ngram', '--input', 'clean', '--output', 'out', '--annotate-only'];
    expect((await runCli([...run, '--set', 'perplexity.model=m.ngram'], { cwd })).code).toBe(0);
    const query = 'SELECT domain, ppl_unscored AS why, count(*) AS n FROM ledger GROUP BY ALL ORDER BY domain';
    const { stdout } = await runCli(['sql', 'out', query, '--json'], { cwd });
    expect(JSON.parse(stdout)).toEqual([
      { domain: 'books', why: 'trained_on', n: 60 },
      { domain: 'web', why: null, n: 1 },
    ]);
    const refused = await runCli(['train-ngram', '--input', 'clean', '--group-by', 'group'], { cwd });
    expect(refused.stderr).toMatch(/expected +--group-by text or metadata\.<field>\n +got +group/);
  });

  it('writes ARPA by the name of the file, of bytes when asked to', async () => {
    const cwd = await project();
    const args = [
      'train-ngram',
      '--input',
      'clean',
      '--split',
      'bytes',
      '--order',
      '3',
      '--prune',
      '0',
      '--output',
      'new/m.arpa',
    ];
    expect((await runCli(args, { cwd })).code).toBe(0);
    const lines = readFileSync(join(cwd, 'new/m.arpa'), 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['\\data\\', 'ngram 1=259']);
    expect(lines.some((l) => /^-[\d.]+\t<0x74> <0x68> <0x65>$/.test(l))).toBe(true);
    // Its own one, known by white space at its end, is written again; another, and one that was added to, is not.
    const again = readFileSync(join(cwd, 'new/m.arpa'));
    expect(again.toString('latin1')).toMatch(/\n\\end\\\n[ \t]{48}\n$/);
    expect((await runCli(args, { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, 'new/m.arpa'))).toEqual(again);
    for (const others of [again.subarray(0, -49), Buffer.concat([again, Buffer.from('# mine\n')])]) {
      await writeFile(join(cwd, 'new/m.arpa'), others);
      const refused = await runCli(args, { cwd });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('a new file, or a model that Sluice has made');
      expect(readFileSync(join(cwd, 'new/m.arpa'))).toEqual(others);
    }
  });

  it('refuses what makes no sense, and leaves no file behind', async () => {
    const cwd = await project();
    const failure = async (...args: string[]): Promise<[number | null, string]> => {
      const { code, stderr } = await runCli(['train-ngram', ...args], { cwd });
      return [code, stderr];
    };
    expect((await failure())[1]).toMatch(/expected +--input GLOB \(clean text\)/);
    expect((await failure('--input', 'clean', '--split', 'letters'))[1]).toMatch(
      /expected +--split words or bytes\n +got +letters/,
    );
    expect((await failure('--input', 'clean', '--order', '9'))[0]).toBe(2);
    expect(await failure('--input', 'clean', '--domain', 'books', '--domain', 'law')).toEqual([
      2,
      expect.stringMatching(/expected +documents of the domain 'law'\n +got +none; there are books, web\n/),
    ]);
    await mkdir(join(cwd, 'folder.ngram'));
    await writeFile(join(cwd, 'folder.ngram', 'picture'), Uint8Array.of(0, 1, 2, 3));
    expect((await failure('--input', 'folder.ngram'))[1]).toMatch(
      /got +none that matches folder\.ngram\n +fix +Skipped picture: binary\.\n/,
    );
    // Said before anything is read.
    expect(await failure('--input', 'nothing-is-here', '--output', 'folder.ngram')).toEqual([
      2,
      expect.stringMatching(/error +folder\.ngram\n +expected +--output FILE\n +got +a folder\n/),
    ]);
    if (process.platform !== 'win32') expect((await failure('--input', 'clean', '--output', '/dev/null'))[0]).toBe(2);
    expect(readdirSync(cwd).sort()).toEqual(['clean', 'folder.ngram', 'raw']);
  });

  describe.skipIf(process.platform === 'win32')('a signal leaves nothing on the disk', () => {
    /** What lies below a folder, but for the input. */
    const left = (cwd: string): string[] =>
      readdirSync(cwd, { recursive: true, encoding: 'utf8' })
        .filter((path) => !/^(clean|raw)($|\/)/.test(path))
        .sort();
    const hook = new URL('../signal-at.mjs', import.meta.url).href;
    const signalled = async (cwd: string, signal: string, at: string, ...more: string[]) => {
      const env = { TMPDIR: cwd, NODE_OPTIONS: `--import ${hook}`, SIGNAL: signal, SIGNAL_AT: at };
      return spawnCli(['train-ngram', '--input', 'raw', '--output', 'm.ngram', '--memory', '1kB', ...more], {
        cwd,
        env,
      });
    };

    it('while it reads', async () => {
      const cwd = await temporaryFolder();
      const { child, done } = startCli(['train-ngram', '--input', '-'], { cwd, env: { TMPDIR: cwd } });
      // It waits for standard input, which never ends.
      const copies = [/^sluice-stdin-(\d+)-\w+$/, /^sluice-stdin-\d+-\w+\/stdin-(\d+)-[\w-]+\.tmp$/];
      await vi.waitFor(
        () => expect(left(cwd).map((path, i) => Number(copies[i]?.exec(path)?.[1]))).toEqual([child.pid, child.pid]),
        { timeout: 20_000 },
      );
      child.kill('SIGINT');
      expect(await done).toMatchObject({ code: 130, stdout: '', stderr: '\nStopped. No model was written.\n' });
      expect(left(cwd)).toEqual([]);
    });

    it.each(['SIGINT', 'SIGTERM'])('while it counts the last of the input: %s', async (signal) => {
      const cwd = await project();
      expect(await signalled(cwd, signal, 'count')).toEqual({
        code: 130,
        stdout: '',
        stderr: '\nStopped. No model was written.\n',
      });
      expect(left(cwd)).toEqual([]);
    });

    it.each(['SIGINT', 'SIGTERM', 'SIGKILL'])('while it merges counts: %s', async (signal) => {
      const cwd = await project();
      expect(await signalled(cwd, signal, 'read')).toMatchObject({ code: null, stdout: '' });
      expect(left(cwd)).toEqual([]);
    });

    it.each([
      ['SIGINT', 'm.ngram'],
      ['SIGTERM', 'm.ngram'],
      ['SIGINT', 'm.arpa'],
    ])('while it writes: %s, %s', async (signal, output) => {
      const cwd = await project();
      expect(await signalled(cwd, signal, 'write', '--output', output)).toEqual({
        code: 130,
        stdout: '',
        stderr: '\nStopped. No model was written.\n',
      });
      expect(left(cwd)).toEqual([]);
    });

    it('but kill -9 while it writes, and the next start clears that away', async () => {
      const cwd = await project();
      expect((await signalled(cwd, 'SIGKILL', 'write')).code).toBe(null);
      expect(left(cwd)).toEqual([expect.stringMatching(/^m\.ngram\.[0-9a-f]{12}\.tmp$/)]);
      await writeFile(join(cwd, 'm.ngram.tmp'), 'mine');
      const next = ['train-ngram', '--input', 'nothing-is-here', '--output', 'm.ngram'];
      expect((await runCli(next, { cwd, env: { TMPDIR: cwd } })).code).not.toBe(0);
      expect(left(cwd)).toEqual(['m.ngram.tmp']);
    });
  });

  it('the summary says how many documents the model did not score, why, and that they were kept', async () => {
    const cwd = await temporaryFolder();
    const random = generator(47);
    const of = (name: string, n: number) =>
      Array.from({ length: n }, (_, i) => ({
        id: `${name}${i}`,
        text: prose(random, 80),
        metadata: { domain: 'books', group: `${name}-book-${i % 2}` },
      }));
    const clean = of('c', 6);
    await writeCorpus(join(cwd, 'clean'), clean);
    await writeCorpus(join(cwd, 'raw'), [...of('r', 10), ...clean]);
    await runCli(['train-ngram', '--input', 'clean/*.jsonl', '--output', 'm.ngram'], { cwd });
    const args = ['run', 'perplexity-ngram', '--input', 'raw/*.jsonl', '--set', 'perplexity.model=m.ngram'];
    const ran = await runCli(args, { cwd });
    const notes = ran.stdout.replace(/\s+/g, ' ');
    expect(notes).toContain(
      'not scored 6 documents (37.5 % of those in scope) got no ppl (the model was trained on this text or ' +
        'its group: 6). 6 of them were kept without a score; see ppl_unscored in the ledger; --set ' +
        'select.nulls=drop would drop them.',
    );
    expect(notes).toContain('kept 11 of 16 documents');
    const explained = await runCli(['explain', 'sluice-out/perplexity-ngram', 'c0'], { cwd });
    const decisions = explained.stdout.replace(/\s+/g, ' ');
    expect(decisions).toContain(' perplexity no ppl: the model was trained on this text or its group ');
    expect(decisions).toContain(
      ' select no ppl to rank by (the model was trained on this text or its group): kept; --set ' +
        'select.nulls=drop would drop it ',
    );
    const ranked = await runCli(['explain', 'sluice-out/perplexity-ngram', 'r0', '--json'], { cwd });
    expect(JSON.parse(ranked.stdout).documents[0].id).toBe('r0');
    const dropping = await runCli([...args, '--set', 'select.nulls=drop', '--output', 'dropped'], { cwd });
    expect(dropping.stdout).toContain('kept 5 of 16 documents');
    expect(dropping.stdout.replace(/\s+/g, ' ')).toContain(
      '0 of them were kept without a score; see ppl_unscored in the ledger.',
    );
  });
});
