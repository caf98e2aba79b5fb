import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../../helpers/cli.ts';
import { generator, prose, writeCorpus } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const RECIPE = `import { annotate, drop, gopherQuality, gopherQualityRules, recipe } from 'sluice';
export default recipe({
  name: 'small',
  input: ['in'],
  steps: [annotate(gopherQuality()), drop('gopher_quality', gopherQualityRules({ minWords: 60 }))],
});
`;

/** Documents of 30 to 90 words, and a recipe that drops the short ones. */
async function project(): Promise<string> {
  const cwd = await temporaryFolder();
  const random = generator(4);
  const documents = Array.from({ length: 120 }, (_, i) => ({ id: `d${i}`, text: prose(random, 30 + (i % 7) * 10) }));
  await writeCorpus(join(cwd, 'in'), documents);
  await writeFile(join(cwd, 'small.ts'), RECIPE);
  return cwd;
}

const SMALL = ['--tokens', '20_000', '--width', '16', '--layers', '1', '--seeds', '2', '--held-out-share', '20%'];
const SAME = ['--executor', 'onnxruntime-cpu', '--jobs', '1', '--yes', ...SMALL];
const reportIn = (cwd: string, folder: string) => JSON.parse(readFileSync(join(cwd, folder, 'report.json'), 'utf8'));

describe('sluice compare', () => {
  it('runs the recipe again without a step, and says what the step does', async () => {
    const cwd = await project();
    const ran = await runCli(['run', 'small.ts', '--output', 'out', '--allow-rule', 'gopher_min_words'], { cwd });
    expect(ran.code).toBe(0);
    const args = ['compare', 'out', '--without', 'gopher_quality', '--output', 'cmp', ...SAME];
    const { code, stdout, stderr } = await runCli(args, { cwd });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^First the recipe runs without gopher_quality, which dropped \d+ documents; the run with/m);
    expect(stderr).toMatch(
      /^2 arms \(out, without gopher_quality\) x 2 seeds: 4 trainings of .* on 20,480 tokens each$/m,
    );
    expect(stdout).toMatch(
      /bits per byte \(lower is better\) +out +without gopher_quality +without gopher_quality less out/,
    );
    expect(stdout).toMatch(/^without gopher_quality: /m);
    const report = reportIn(cwd, 'cmp');
    const [out, without] = report.arms;
    const dropped = Number(/which dropped (\d+) documents/.exec(stderr)![1]);
    expect([dropped > 30, without.documents - out.documents]).toEqual([true, dropped]);
    expect(without.documents).toBe(120);
    const unknown = await runCli(['compare', 'out', '--without', 'gopher_qualty', ...SAME], { cwd });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Did you mean gopher_quality?');
  });

  it('killed, it goes on to the same report; running again says that it is done', async () => {
    const cwd = await project();
    const args = (output: string): string[] => ['compare', 'in', 'small', '--output', output, ...SAME];
    await writeCorpus(
      join(cwd, 'small'),
      Array.from({ length: 40 }, (_, i) => ({ id: `e${i}`, text: prose(generator(i), 50) })),
    );
    const whole = await runCli(args('whole'), { cwd });
    expect({ code: whole.code, stderr: whole.stderr }).toMatchObject({ code: 0 });
    const { child, done } = startCli([...args('torn'), '--json'], { cwd });
    let events = '';
    child.stdout!.on('data', (s: string) => {
      events += s;
      if (/"type":"result"/.test(events)) child.kill('SIGKILL');
    });
    expect((await done).code).toBe(null);
    expect(existsSync(join(cwd, 'torn/report.json'))).toBe(false);
    const again = await runCli(args('torn'), { cwd });
    expect(again.code).toBe(0);
    expect(reportIn(cwd, 'torn')).toEqual(reportIn(cwd, 'whole'));
    const third = await runCli(args('torn'), { cwd });
    expect(third.stdout).toMatch(/^Already done$/m);
  });

  it('refuses one arm, with the command that leaves out a step, and a run that does not exist', async () => {
    const cwd = await project();
    const one = await runCli(['compare', 'in', ...SAME], { cwd });
    expect(one.code).toBe(2);
    expect(one.stderr).toContain('Name a second run, file or folder; of a run directory --without STEP makes one.');
    await runCli(['run', 'small.ts', '--output', 'my out', '--allow-rule', 'gopher_min_words'], { cwd });
    const run = await runCli(['compare', 'my out', ...SAME], { cwd });
    expect(run.stderr).toContain("sluice compare 'my out' --without gopher_quality\n");
    const none = await runCli(['compare', 'in', 'nowhere', ...SAME], { cwd });
    expect(none.code).toBe(2);
  });
});
