import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { finishedRun } from '../../helpers/finished-run.ts';
import { RECIPE, writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const { cwd, ask, offsetOf } = finishedRun();

describe('sluice explain', () => {
  it('shows every decision in order, and the threshold that would have kept the document', async () => {
    const { code, stdout } = await ask('explain', 'sluice-out/mine', 'short');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'short: dropped by step length, rule min_chars',
        `  part-000.jsonl#0.${offsetOf(3)} · domain web · 37 B of text · ≈ 9 tokens`,
        '  “A text of thirty-seven characters....”',
        '',
        '  1 exact_dedup  not a duplicate of an earlier document',
        '  2 scores       19 values measured',
        '  3 length       1 failed, 1 passed',
        '      ✗  min_chars@1  text_chars  37 < 60  would be kept with min_chars <= 37',
        '      ✓ max_chars@1 37 ≤ 5,000',
        '  4 web          not reached: 1 would fail',
        '      ✗  min_lines@1  text_lines  1 < 2  would be kept with min_lines <= 1',
        '',
        '  It would have been kept with: --set length.min_chars=37 --set web.min_lines=1',
        '',
      ].join('\n'),
    );
  });

  it('names thresholds under which a run does keep the document', async () => {
    const { code } = await ask(
      'run',
      'recipe.ts',
      '--set',
      'length.min_chars=37',
      '--set',
      'web.min_lines=1',
      '--output',
      'kept',
    );
    expect(code).toBe(0);
    const { stdout } = await ask('explain', 'kept', 'short');
    expect(stdout).toMatch(/^short: kept\n/);
    expect(stdout).not.toContain('would have been kept');
  });

  it('promises nothing for steps behind that never saw the document', async () => {
    const folder = await temporaryFolder();
    const steps = RECIPE.slice(RECIPE.indexOf('    dedup.exact'), RECIPE.indexOf("    drop('web"));
    const later = RECIPE.replace(steps, `${steps.replace('    dedup.exact(),\n', '')}    dedup.exact(),\n`);
    await writeProject(folder, { recipe: later });
    expect((await runCli(['run', 'recipe.ts'], { cwd: folder })).code).toBe(0);
    const { stdout } = await runCli(['explain', 'sluice-out/mine', 'short'], { cwd: folder });
    expect(stdout).toContain(
      '  It would have come to exact_dedup with: --set length.min_chars=37 --set web.min_lines=1\n' +
        '  What that step would say of it, the ledger does not know.\n',
    );
  });

  it('resolves a copy to its twin, and the twin to its copies', async () => {
    const copy = await ask('explain', 'sluice-out/mine', 'copy');
    expect(copy.stdout).toMatch(/^copy: dropped by step exact_dedup, rule exact_duplicate\n/);
    expect(copy.stdout).toContain(
      '  1 exact_dedup  duplicate of kept-1 (part-000.jsonl#0.0), similarity 1\n  2 scores       not reached\n',
    );
    expect(copy.stdout).toContain('kept-1 (part-000.jsonl#0.0) was kept in its place.');
    const twin = await ask('explain', 'sluice-out/mine', 'kept-1');
    expect(twin.stdout).toContain('1 duplicate of it was dropped: copy');
  });

  it('lists every document of an id, and finds one by its position', async () => {
    const both = await ask('explain', 'sluice-out/mine', 'twice');
    expect(both.stdout).toMatch(
      /^2 documents have this id\.\n\ntwice: dropped by step length[\s\S]*\ntwice: dropped by step web/,
    );
    expect(both.stdout).toContain('  4 web          does not apply to domain books\n');
    const one = await ask('explain', 'sluice-out/mine', `part-000.jsonl#0.${offsetOf(5)}`);
    expect(one.stdout).toMatch(/^twice: dropped by step web, rule min_lines\n/);
    const quarantined = await ask('explain', 'sluice-out/mine', `part-000.jsonl#0.${offsetOf(6)}`);
    expect(quarantined.stdout).toMatch(
      /: quarantined\n[\s\S]*The record could not be read as a document: invalid_json: expected one JSON object/,
    );
  });

  it('has all of it as JSON', async () => {
    const { stdout } = await ask('explain', 'sluice-out/mine', 'twice', '--json');
    const { total, documents } = JSON.parse(stdout);
    expect(total).toBe(2);
    expect(documents[0]).toMatchObject({
      id: 'twice',
      outcome: 'dropped',
      keepWith: ['--set length.min_chars=34'],
      decisions: [
        { state: 'done' },
        { state: 'done' },
        {
          state: 'dropped',
          rules: [
            { rule: 'min_chars', version: 1, value: 34, threshold: 60, verdict: 'failed', rescue: { threshold: 34 } },
            { verdict: 'passed' },
          ],
        },
        { state: 'out of scope' },
      ],
    });
  });

  it('proposes the ids that begin with what was typed', async () => {
    const { code, stderr } = await ask('explain', 'sluice-out/mine', 'kept');
    expect(code).toBe(2);
    expect(stderr).toMatch(/Similar ids: kept-1, kept-2, /);
  });

  it('proposes ids that are near', async () => {
    const { code, stderr } = await ask('explain', 'sluice-out/mine', 'kept1');
    expect(code).toBe(2);
    expect(stderr).toMatch(/got {7}'kept1'\n {2}fix {7}Similar ids: kept-1, kept-2, /);
  });
});

it('shows what was cut out of a document, in the step that cut it', async () => {
  const own = join(cwd(), 'cuts');
  const shared = 'every evening the ferry brings the mail and the bread over the wide grey water';
  await writeProject(own, {
    documents: [
      { id: 'first', text: `Long ago and in another place, ${shared} to us.`, domain: 'books' },
      { id: 'second', text: `It is told of the island that ${shared} while it snows.`, domain: 'books' },
    ],
    recipe: `import { dedup, recipe } from 'sluice';
export default recipe({ name: 'cuts', input: ['in/*.jsonl'],
  steps: [dedup.exact(), dedup.substring({ minWords: 10 })] });
`,
  });
  const ran = await runCli(['run', 'recipe.ts'], { cwd: own });
  expect(ran.stdout).toContain(
    '\n  sluice sql sluice-out/cuts "SELECT id, text_bytes, cut_spans FROM ledger WHERE len(cut_spans) > 0 LIMIT 5"\n',
  );
  const { stdout } = await runCli(['explain', 'sluice-out/cuts', 'second'], { cwd: own });
  expect(stdout).toMatch(
    new RegExp(
      String.raw`\n {2}1 exact_dedup {6}not a duplicate of an earlier document\n {2}2 substring_dedup {2}cut ` +
        String.raw`1 span: duplicate_substring \d+ B\n\n {2}Cut from it, in bytes of the original text\n` +
        String.raw` {4}\d+ to \d+ {2}duplicate_substring {2}“(that )?every evening the ferry `,
    ),
  );
  const first = await runCli(['explain', 'sluice-out/cuts', 'first'], { cwd: own });
  expect(first.stdout).toMatch(/\n {2}2 substring_dedup {2}cut nothing\n$/);
});
