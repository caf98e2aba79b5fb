import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { finishedRun } from '../../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();

beforeAll(async () => {
  const set = ['--set', 'length.min_chars=30', '--set', 'web.min_lines=3'];
  expect((await ask('run', 'recipe.ts', ...set, '--output', 'b')).code).toBe(0);
});

describe('sluice diff', () => {
  it('says what differs in recipe, kept documents and sides, with examples', async () => {
    const { code, stdout } = await ask('diff', 'sluice-out/mine', 'b');
    expect(code).toBe(0);
    const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
    expect(lines).toContain('recipe.steps.length.options.min_chars 60 → 30');
    expect(lines).toContain('recipe.steps.web.options.min_lines 2 → 3');
    expect(lines.filter((l) => /^(books|web) /.test(l)).map((l) => l.split(' ').slice(0, 4))).toEqual([
      ['books', '1', '2', '+1'],
      ['web', '1', '0', '-1'],
    ]);
    expect(lines).toContain('6 documents in both, by position.');
    expect(lines).toContain('Kept by the first, not by the second: 1');
    expect(lines).toContain('1 web web.min_lines');
    expect(stdout).toContain('e.g. kept-1 min_lines (2, 3): “The mill stands');
    expect(lines).toContain('1 books length.min_chars');
  });

  it('joins by id or text, and says what is not compared', async () => {
    const json = async (by: string): Promise<unknown> =>
      (JSON.parse((await ask('diff', 'sluice-out/mine', 'b', '--by', by, '--json')).stdout) as { found: unknown })
        .found;
    expect(await json('id')).toEqual({ both: 4, onlyA: 0, onlyB: 0, repeated: 2 });
    // A copy has the text of another.
    expect(await json('text')).toEqual({ both: 4, onlyA: 0, onlyB: 0, repeated: 2 });
    expect((await ask('diff', 'b', 'b', '--by', 'hash')).stderr).toContain('position, id, text');
    expect((await ask('diff', 'b', 'b')).stdout).toContain('The same recipe, versions and input.');
  });
});

describe('sluice bias', () => {
  it('prints shares with intervals, and CEV and SDE against a reference with labels', async () => {
    const plain = await ask('bias', 'sluice-out/mine', '--rules', '1');
    expect(plain.stdout).toContain('All rules by domain: 66.7 % of all\n');
    expect(plain.stdout).toMatch(/\n {2}web +4 {2}75\.0 % {2}30\.1 to 95\.4 % {2}1\.13 times {2}too few to tell\n/);
    await writeFile(join(cwd(), 'labels.csv'), 'id,keep\nkept-1,true\ncopy,false\nshort,false\nkept-2,true\n');
    const shifted = await ask('bias', 'b', '--reference', 'sluice-out/mine', '--labels', 'labels.csv', '--json');
    const { shift } = JSON.parse(shifted.stdout) as { shift: { domains: string[]; smoothed: boolean; cev: number } };
    expect(shift).toMatchObject({ domains: ['books', 'web'], smoothed: true });
    // web: 0 of 1 good dropped becomes 1 of 1, with half a document more 0.25 -> 0.75: dP = 2, all others 0.
    expect(shift.cev).toBeCloseTo(1, 10);
    expect((await ask('bias', 'b', '--labels', 'labels.csv')).stderr).toContain('--reference and --labels together');
  });
});
