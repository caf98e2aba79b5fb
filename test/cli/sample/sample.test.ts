import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishedRun } from '../../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();
const input = (): string => join(cwd(), 'in/part-000.jsonl');

interface Answer {
  readonly total: number;
  readonly documents: readonly { readonly id: string; readonly text?: string; readonly missing?: string }[];
}
const json = async (...args: string[]): Promise<Answer> =>
  JSON.parse((await ask('sample', 'sluice-out/mine', '--json', ...args)).stdout) as Answer;

describe('sluice sample', () => {
  it('draws dropped documents of a rule or a condition, the same for a seed', async () => {
    const dropped = await json();
    expect(dropped.total).toBe(4);
    expect(dropped.documents.map((d) => d.id).sort()).toEqual(['copy', 'short', 'twice', 'twice']);
    expect((await json('--rule', 'min_chars')).documents.map((d) => d.id).sort()).toEqual(['short', 'twice']);
    expect((await json('--rule', 'web.min_lines')).documents.map((d) => d.id)).toEqual(['twice']);
    const kept = await json('--where', "outcome = 'kept' -- a comment", '-n', '1');
    expect([kept.total, kept.documents.length]).toEqual([2, 1]);
    expect(await json('-n', '2', '--seed', '3')).toEqual(await json('-n', '2', '--seed', '3'));
    const drawn = await Promise.all(Array.from({ length: 8 }, (_, s) => json('-n', '1', '--seed', String(s))));
    expect(new Set(drawn.map((d) => d.documents[0].id)).size).toBeGreaterThan(1);
  });

  it('reads whole texts from the input, and says where it has changed', async () => {
    const { stdout } = await ask('sample', 'sluice-out/mine', '--rule', 'exact_duplicate', '--text');
    expect(stdout).toBe(
      '1 of 1 document\n\ncopy · web · dropped by exact_dedup.exact_duplicate (1 against 1)\n' +
        '  The mill stands by the river, and the wheel turns as long as there is water in the channel.\n' +
        '  Second line of the first.\n',
    );
    const before = await readFile(input());
    // Touched, with the same bytes: still the same text.
    await utimes(input(), 1, 1);
    expect((await json('--rule', 'exact_duplicate', '--text')).documents[0].text).toContain('\nSecond line');
    await writeFile(input(), before.toString().replaceAll('Second line', 'Another one'));
    const changed = await ask('explain', 'sluice-out/mine', 'copy', '--text');
    expect(changed.stdout).toContain(
      'Text as it was read\n  only the first 240 bytes, from the ledger: the input file',
    );
    await writeFile(input(), before);
    const again = await ask('explain', 'sluice-out/mine', 'copy', '--text');
    expect(again.stdout).toMatch(/Text as it was read\n {2}The mill .*\n {2}Second line of the first\.\n$/);
  });

  it('names rules, and refuses what is no condition', async () => {
    const odd = await ask('sample', 'sluice-out/mine', '--rule', 'min_char');
    expect(odd.stderr).toContain('Did you mean min_chars?');
    const two = await ask('sample', 'sluice-out/mine', '--where', 'true) ; DROP TABLE commits; SELECT (1');
    expect(two.code).toBe(2);
    expect((await ask('sample', 'sluice-out/mine', '--rule', 'a', '--where', 'b')).stderr).toContain('got       both');
  });
});
