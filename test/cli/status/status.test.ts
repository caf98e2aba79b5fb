import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishedRun } from '../../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();

describe('sluice status and inspect', () => {
  it('status tells totals and files of a finished run', async () => {
    const { stdout } = await ask('status', 'sluice-out/mine', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'mine',
      state: 'done',
      process: null,
      splits: 1,
      phases: [
        { phase: 'before exact_dedup', splitsDone: 1 },
        { phase: 'after exact_dedup', splitsDone: 1 },
      ],
      totals: {
        read: { documents: 7 },
        kept: { documents: 2 },
        dropped: { documents: 4 },
        quarantined: { records: 1 },
      },
      files: [
        { sink: 'documents', files: 1, rows: 2 },
        { sink: 'ledger', files: 1, rows: 7 },
        { sink: 'quarantine', files: 1, rows: 1 },
      ],
    });
    expect((await ask('status', 'sluice-out/mine')).stdout).toMatch(
      new RegExp(
        String.raw`^mine in sluice-out\/mine: done\n[\s\S]* documents +7 read \(\d+ B\), 2 kept \(28\.6 %\), 4 ` +
          String.raw`dropped, 1 in quarantine\n[\s\S]*\nNext\n {2}sluice sql sluice-out\/mine "SELECT [^"]*"\n` +
          String.raw` {2}sluice inspect sluice-out\/mine\/documents\n$`,
      ),
    );
  });

  it('status says that a run was stopped while it copied a pipe', async () => {
    mkdirSync(join(cwd(), 'cut', 'stdin-copy'), { recursive: true });
    writeFileSync(join(cwd(), 'cut', 'stdin-copy', 'pipes.json'), '{}');
    const { stderr, code } = await ask('status', 'cut');
    expect([code, stderr]).toEqual([2, expect.stringContaining('was stopped while it did')]);
    expect(stderr).toContain('run <recipe> --input - --output cut');
  });

  it('inspect shows fields, counts, samples and what could not be read', async () => {
    const { code, stdout } = await ask('inspect', 'in');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 file \(jsonl\), /);
    expect(stdout).toMatch(/\n {2}text +string +100 % +≈ \d+ characters +text\n/);
    expect(stdout).toMatch(
      new RegExp(
        String.raw`\nDocuments, the first 6: \d+ B of text, .*\n {2}domains: web 4, books 2\n {2}1 record ` +
          String.raw`would go to quarantine: invalid_json 1\n`,
      ),
    );
    expect(stdout).toContain('\n  kept-1  web · 117 B\n  The mill stands by the river');
  });

  it('inspect finds the field that holds the text', async () => {
    writeFileSync(
      join(cwd(), 'other.jsonl'),
      `{"key":1,"body":{"content":"${'long text '.repeat(20)}"},"url":"http://example.org"}\n`,
    );
    const { stdout } = await ask('inspect', 'other.jsonl');
    expect(stdout).toContain(
      'There is no field text. The longest texts are in the field body.content.\nNext: sluice inspect ' +
        'other.jsonl --text-field body.content\n',
    );
    const facts = JSON.parse((await ask('inspect', 'other.jsonl', '--text-field', 'body.content', '--json')).stdout);
    expect(facts).toMatchObject({
      files: [{ path: 'other.jsonl', format: 'jsonl', codec: 'none' }],
      sample: { documents: 1, textBytes: 200, quarantined: { records: 0 } },
    });
  });

  it('inspect reads what a run has written', async () => {
    const { stdout } = await ask('inspect', 'sluice-out/mine/documents', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      files: [{ format: 'parquet' }],
      rows: 2,
      sample: { documents: 2, domains: { web: 1, books: 1 } },
    });
  });
});
