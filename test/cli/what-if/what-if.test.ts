import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freeRecutOutput } from '../../../src/cli/run/recut.ts';
import { finishedRun } from '../../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();

interface Answer {
  readonly exact: boolean;
  readonly total: { readonly kept: { readonly documents: number; readonly bytes: number; readonly tokens: number } };
  readonly open: readonly { readonly step: string; readonly documents: number }[];
  readonly examples: { readonly saved: readonly { readonly id: string }[]; readonly lost: readonly { id: string }[] };
  readonly recut: readonly string[];
}

describe('sluice what-if', () => {
  it('says what changes, per domain, with the documents and the command that does it', async () => {
    const { code, stdout } = await ask(
      'what-if',
      'sluice-out/mine',
      '--set',
      'length.min_chars=30',
      '--set',
      'web.min_lines=1',
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'length.min_chars  drops text_chars < 30 (was < 60)',
        'web.min_lines  drops text_lines < 1 (was < 2)',
        '',
        'Kept 2 → 5 of 6 documents (0 lost, 3 saved), tokens ≈ 59 → 108. Exact.',
        '',
        '  domain  kept  →          lost  saved   text      →  ≈ tokens    →',
        '  books      1  2   100 %           +1  130 B  164 B        31   40',
        '  web        1  3  75.0 %           +2  117 B  286 B        28   68',
        '  all        2  5  83.3 %           +3  247 B  450 B        59  108',
        '',
        'Saved',
      ].join('\n') + stdout.slice(stdout.indexOf('Saved') + 5),
    );
    expect(stdout).toMatch(/\n {2}short +web +min_chars +37 {2}A text of thirty-seven characters/);
    const command = 'sluice run --recut sluice-out/mine --set length.min_chars=30 --set web.min_lines=1';
    expect(stdout).toContain(`\nTo run it\n  ${command} --output sluice-out/mine-recut\n`);
  });

  it('equals a run with that command where a step is left without rules', async () => {
    const { stdout } = await ask('what-if', 'sluice-out/mine', '--set', 'web.min_lines=null', '--json');
    const answer = JSON.parse(stdout) as Answer & { total: { kept: { documents: number } } };
    expect(answer).toMatchObject({ exact: true, total: { kept: { documents: 3 } } });
    expect((await ask('run', ...answer.recut.slice(0, -1), 'without-web')).code).toBe(0);
    const counted = await ask('sql', 'without-web', "SELECT count(*) AS n FROM ledger WHERE outcome = 'kept'", '--csv');
    expect(counted.stdout).toBe('n\n3\n');
  });

  it('equals a run with that command, and SQL over it', async () => {
    const { stdout } = await ask(
      'what-if',
      'sluice-out/mine',
      '--set',
      'length.min_chars=30',
      '--set',
      'web.min_lines=1',
      '--json',
    );
    const answer = JSON.parse(stdout) as Answer;
    expect(answer).toMatchObject({ exact: true, open: [] });
    expect(answer.examples.saved.map((d) => d.id).sort()).toEqual(['short', 'twice', 'twice']);
    expect((await ask('run', ...answer.recut)).code).toBe(0);
    const first = join(cwd(), 'sluice-out/mine');
    expect(freeRecutOutput(first)).toBe(`${first}-recut-2`);
    const sql =
      'SELECT count(*) AS documents, sum(text_bytes) AS bytes, sum(tokens) AS tokens FROM ledger ' +
      "WHERE outcome = 'kept'";
    const real = await ask('sql', join(cwd(), 'sluice-out/mine-recut'), sql, '--json');
    expect(JSON.parse(real.stdout)).toEqual([answer.total.kept]);
  });

  it('shows which rules overlap', async () => {
    const { stdout } = await ask('what-if', 'sluice-out/mine', '--overlap');
    const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
    expect(lines).toContain('length min_chars 2 2 1 50.0 % min_lines');
    expect(lines).toContain('web min_lines 2 1 1 50.0 % min_chars');
    expect(stdout).toContain('Fail nothing: max_chars.');
  });

  it('names what can be asked', async () => {
    const none = await ask('what-if', 'sluice-out/mine');
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('expected  --set step.option=value, or --overlap');
    const odd = await ask('what-if', 'sluice-out/mine', '--set', 'length.min_char=3');
    expect(odd.stderr).toContain('Did you mean min_chars?');
  });
});
