import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RUN_EVENTS } from '../../../src/cli/run/event-lines.ts';
import { runCli } from '../../helpers/cli.ts';
import { writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

async function project(more: Parameters<typeof writeProject>[1] = {}): Promise<string> {
  const cwd = await temporaryFolder();
  await writeProject(cwd, more);
  return cwd;
}

const eventsOf = (stdout: string): ({ type: string; time: string } & Record<string, unknown>)[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l));

describe('sluice run', () => {
  it('ends with a summary that says what was kept, why the rest was not, and where to go on', async () => {
    const cwd = await project({ raw: '{"text": broken}\n' });
    const { code, stdout, stderr } = await runCli(['run', 'recipe.ts'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^mine: 1 file, about \S+ \S+ unpacked, 1 split\n$/);
    expect(stdout).toMatch(
      /^\nDone: kept 2 of 7 documents \(28\.6 %\), 247 B of text, in \S+ s\.\nEvery document has a row in the ledger/,
    );
    expect(stdout).toMatch(/\n {2}web +4 +1 +25\.0 % /);
    expect(stdout).toMatch(/\n {2}books +2 +1 +50\.0 % /);
    expect(stdout).toMatch(/\n {2}all +7 +2 +28\.6 % /);
    const why = stdout.slice(stdout.indexOf('Why 4 documents were dropped'), stdout.indexOf('Output'));
    expect(why).toMatch(
      new RegExp(
        String.raw`28\.6 % +2 {2}min_chars {2}text_chars < 60\n +e\.g\. short \(37\): “A text of thirty-seven ` +
          String.raw`characters\.\.\.\.”\n`,
      ),
    );
    expect(why).toMatch(/14\.3 % +1 {2}exact_duplicate {2}same text as an earlier document\n +e\.g\. copy: “The mill/);
    expect(why).toMatch(/14\.3 % +1 {2}min_lines {2}text_lines < 2\n/);
    expect(stdout).toMatch(/\n {2}quarantine +1 record \(16 B\) that could not be read as documents: invalid_json 1\n/);
    expect(stdout).toMatch(
      /\nOutput {2}sluice-out\/mine\n {2}documents\/ +1 file .*\n {2}ledger\/ +1 file .*\n {2}quarantine\/ +1 file /,
    );
    const next = stdout
      .slice(stdout.indexOf('\nNext\n') + 6)
      .trimEnd()
      .split('\n');
    expect(next.map((l) => l.trim().split(' ').slice(0, 3).join(' '))).toEqual([
      'sluice sql sluice-out/mine',
      'sluice explain sluice-out/mine',
      'sluice clusters sluice-out/mine',
      'sluice inspect sluice-out/mine/documents',
    ]);
    // The commands that it proposes work.
    const explained = await runCli(next[1].trim().split(' ').slice(1), { cwd });
    expect(explained.stdout).toMatch(/^short: dropped by step length, rule min_chars\n/);
    const queried = await runCli(['sql', 'sluice-out/mine', '--csv', next[0].slice(next[0].indexOf('"') + 1, -1)], {
      cwd,
    });
    expect(queried.stdout.split('\n').filter(Boolean).sort()).toEqual([
      'books,min_chars,1',
      'domain,rule,n',
      'web,exact_duplicate,1',
      'web,min_chars,1',
      'web,min_lines,1',
    ]);
  });

  it('says that it is done when it is run again, and starts over with --fresh', async () => {
    const cwd = await project();
    await runCli(['run', 'recipe.ts'], { cwd });
    const again = await runCli(['run', 'recipe.ts'], { cwd });
    expect(again.stdout).toMatch(/^\nAlready done: kept 2 of 6 documents/);
    expect(again.code).toBe(0);
    const other = await runCli(['run', 'recipe.ts', '--set', 'length.min_chars=30'], { cwd });
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /expected {2}the recipe this run was started with\n {2}got {7}a different one: .* was 60, is 30\n/,
    );
    const fresh = await runCli(['run', 'recipe.ts', '--set', 'length.min_chars=30', '--fresh'], { cwd });
    expect(fresh.stdout).toMatch(/\nDone: kept 3 of 6 documents/);
  });

  it('prints one JSON object per line with --json, and nothing else', async () => {
    const cwd = await project();
    const { code, stdout, stderr } = await runCli(['run', 'recipe.ts', '--json'], { cwd });
    const events = eventsOf(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(events[0]).toMatchObject({
      type: 'planned',
      files: 1,
      splits: 1,
      skipped: [],
      warnings: [],
      resumedSplits: 0,
    });
    expect(events.filter((e) => e.type === 'commit').map((e) => e.phase)).toEqual(['split/0', 'split/1']);
    const progress = events.filter((e) => e.type === 'progress').at(-1);
    expect(progress).toMatchObject({
      share: 1,
      phases: 2,
      documents: { read: 6, kept: 2, dropped: 4, quarantined: 0 },
      topReasons: [
        { step: 'length', rule: 'min_chars', dropped: 2 },
        { step: 'exact_dedup', rule: 'exact_duplicate', dropped: 1 },
        { step: 'web', rule: 'min_lines', dropped: 1 },
      ],
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', already: false, run: join(cwd, 'sluice-out/mine') });
    expect(events.at(-1)?.totals).toEqual(
      JSON.parse(readFileSync(join(cwd, 'sluice-out/mine/run.json'), 'utf8')).totals,
    );
    for (const { type, time, ...fields } of events) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Object.keys(fields)).toEqual(RUN_EVENTS[type].fields);
    }
  });

  it('reports an error as an event too', async () => {
    const cwd = await project();
    const { code, stdout } = await runCli(['run', 'recipe.ts', '--json', '--input', 'gone'], { cwd });
    expect(code).toBe(2);
    expect(eventsOf(stdout)).toEqual([
      expect.objectContaining({ type: 'error', code: 'config', exitCode: 2, got: 'gone', where: '--input' }),
    ]);
  });

  it('reads another field, labels and limits as told', async () => {
    const documents = [1, 2, 3].map((n) => ({ key: n, body: { content: `${'x'.repeat(70)}\n${n}` }, site: `s${n}` }));
    const cwd = await project({ documents });
    const args = [
      'run',
      'recipe.ts',
      '--json',
      '--text-field',
      'body.content',
      '--id-field',
      'key',
      '--domain-from',
      'field:site',
      '--limit',
      '2',
      '--output',
      'o',
    ];
    const { code, stdout } = await runCli(args, { cwd });
    expect(code).toBe(0);
    expect(eventsOf(stdout).at(-1)).toMatchObject({
      totals: { read: { documents: 2 }, domains: { s1: { kept: { documents: 1 } }, s2: {} } },
    });
    const { stdout: rows } = await runCli(['sql', 'o', '--json', 'SELECT id, domain FROM documents ORDER BY id'], {
      cwd,
    });
    expect(JSON.parse(rows)).toEqual([
      { id: '1', domain: 's1' },
      { id: '2', domain: 's2' },
    ]);
  });

  it('says where to look when no record has the text field', async () => {
    const cwd = await project();
    const { code, stdout } = await runCli(['run', 'recipe.ts', '--text-field', 'body'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        String.raw`mostly for this reason: missing_text\.\s+Name the field that holds the text with\s+` +
          String.raw`--text-field; to list the fields:\s+sluice inspect[\s\S]*\n {2}sluice sql sluice-out\/mine ` +
          String.raw`"SELECT reason, count\(\*\) AS n FROM quarantine GROUP BY ALL ORDER BY n DESC"\n`,
      ),
    );
  });

  it('drops nothing with --annotate-only', async () => {
    const cwd = await project();
    const { code, stdout } = await runCli(['run', 'recipe.ts', '--annotate-only', '--output', 'notes'], { cwd });
    expect(stdout).toMatch(/\nDone: kept 6 of 6 documents \(100 %\)/);
    expect(code).toBe(0);
    expect(existsSync(join(cwd, 'notes/documents'))).toBe(true);
  });
});
