import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishedRun } from '../../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();

const rows = async (...args: string[]): Promise<unknown> => {
  const { stdout, stderr } = await ask('sql', ...args, '--json');
  return stderr === '' ? JSON.parse(stdout) : stderr;
};

describe('sluice sql over several runs and files', () => {
  it('joins runs and tables of the user by name, and reads nothing else', async () => {
    expect((await ask('run', 'recipe.ts', '--set', 'length.min_chars=30', '--output', 'b')).code).toBe(0);
    await writeFile(join(cwd(), 'labels.csv'), 'id,label\nkept-1,good\nshort,bad\n');
    await writeFile(join(cwd(), 'secret.csv'), 'id\n1\n');
    const changed =
      'SELECT a.id, a.rule AS before, b.rule AS after FROM a.ledger a JOIN b.ledger b USING (file, "offset") ' +
      'WHERE a.rule IS DISTINCT FROM b.rule ORDER BY "offset"';
    expect(await rows('a=sluice-out/mine', 'b=b', changed)).toEqual([
      { id: 'short', before: 'min_chars', after: 'min_lines' },
      { id: 'twice', before: 'min_chars', after: null },
    ]);
    const labelled = 'SELECT label, l.outcome FROM ledger l JOIN labels USING (id) ORDER BY label';
    expect(await rows('sluice-out/mine', 'labels=labels.csv', labelled)).toEqual([
      { label: 'bad', outcome: 'dropped' },
      { label: 'good', outcome: 'kept' },
    ]);
    const counts =
      'SELECT (SELECT count(*) FROM b.commits) > 0 AS c, (SELECT count(*) FROM b.files) AS f, ' +
      '(SELECT count(*) FROM b.shadow_rules) AS s';
    expect(await rows('sluice-out/mine', 'b=b', counts)).toEqual([{ c: true, f: 1, s: 0 }]);
    for (const query of [
      "SELECT * FROM read_csv('secret.csv')",
      "SELECT * FROM 'in/part-000.jsonl'",
      "COPY (SELECT 1) TO 'x.csv'",
    ])
      expect((await ask('sql', 'sluice-out/mine', 'labels=labels.csv', query)).code).toBe(2);
  });

  it('says which names and files it takes', async () => {
    expect(await rows('sluice-out/mine', 'ledger=labels.csv', 'SELECT 1')).toContain('a name of its own');
    expect(await rows('sluice-out/mine', 'x=nothing.csv', 'SELECT 1')).toContain('a path that does not exist');
    expect(await rows('sluice-out/mine', 'x=recipe.ts', 'SELECT 1')).toContain('ends in csv, tsv, parquet');
    expect(await rows('sluice-out/mine', 'sluice-out/mine', 'SELECT 1')).toContain("also 'sluice-out/mine'");
  });
});
