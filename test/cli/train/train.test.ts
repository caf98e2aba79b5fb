import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, said, startCli } from '../../helpers/cli.ts';
import { writeDomains } from '../../helpers/feed.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const RECIPE = `
import { continual } from 'sluice';
export default continual({
  name: 'tiny',
  read: { domainFrom: 'path' },
  model: { width: 16, layers: 1, heads: 2, context: 32 },
  training: { tokens: 20 * 4 * 32, context: 32, sequences: 4, learningRate: 1e-2 },
  heldOut: { tokens: 100 },
});`;

async function project(): Promise<string> {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'tiny.ts'), RECIPE);
  writeDomains(join(cwd, 'in'));
  return cwd;
}

describe('sluice train', () => {
  it('says how it goes, and what each domain was before and after; a second start says that it is done', async () => {
    const cwd = await project();
    const args = ['train', 'tiny.ts', '--input', 'in', '--output', 'out'];
    const { code, stdout, stderr } = await runCli(args, { cwd });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('Curating the new text: 12 files ...'),
    });
    expect(stderr).toMatch(/\nnew: 0\.\d\d M parameters, 3 domains, 20 steps of 128 tokens; onnxruntime-node/);
    expect(stderr).toMatch(/\nNo old text \(--replay\): nothing is replayed/);
    expect(stderr).toMatch(
      /\n 100 % {2}step 20 {2}loss \d\.\d{3} {2}held out \d\.\d{3} {2}[\d,]+ tokens\/s {2}0\.00 s left\n/,
    );
    expect(stdout).toMatch(
      /^Done: 20 steps, ≈ 2\.5 k tokens\n\n {2}held-out bits per byte +before +during +after +change\n/,
    );
    for (const domain of ['code', 'news', 'web', 'all'])
      expect(stdout).toMatch(new RegExp(String.raw`\n  ${domain} +\d\.\d{3} +\d\.\d{3} +\d\.\d{3} +-\d\.\d{3}\n`));
    expect(stdout).toMatch(/\nModel {8}out\/model {3}\(config\.json/);
    const again = await runCli(args, { cwd });
    expect(again.stdout).toMatch(/^Already done: 20 steps/);
  });

  it('with --json prints an object a line: steps, measurements, checkpoints', async () => {
    const cwd = await project();
    const args = ['train', 'tiny.ts', '--input', 'in', '--tokens', '512', '--learning-rate', '2e-3', '--json'];
    const schedule = ['--schedule', 'wsd', '--schedule-options', '{"warmup":2,"decay":2}'];
    const { code, stdout, stderr } = await runCli([...args, ...schedule], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const types = events.map((e) => e.type).filter((t) => t !== 'curating');
    const each = ['step', 'measured', 'saved'];
    expect(types).toEqual(['start', 'measured', ...each, ...each, ...each, ...each, 'finished']);
    const steps = events.filter((e) => e.type === 'step');
    expect(steps.map((e) => e.learningRate)).toEqual([
      1e-3,
      2e-3,
      2e-3,
      expect.closeTo(2e-3 * (1 - Math.sqrt(0.5)), 12),
    ]);
    expect(Object.keys(steps[0])).toEqual([
      ...['type', 'step', 'tokensSeen', 'loss', 'lossByDomain', 'learningRate', 'gradientNorm', 'weights'],
      'tokensPerSecond',
    ]);
  });

  it('hears Ctrl-C: stops after the step with a checkpoint, says how to resume, and resumes', async () => {
    const cwd = await project();
    const args = ['train', 'tiny.ts', '--input', 'in', '--tokens', '12800000', '--output', 'out'];
    const { child, done } = startCli(args, { cwd });
    await said(child, 'tokens/s');
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(/\nStopping after this step with a checkpoint\. /);
    expect(stderr).toMatch(/\nStopped at step [\d,]+ of 100,000\. To resume:\n/);
    expect(stderr).toContain(`\n  sluice ${args.join(' ')}\n`);
    const second = startCli(args, { cwd });
    await said(second.child, 'resuming at step');
    second.child.kill('SIGINT');
    expect((await second.done).code).toBe(130);
    const other = await runCli([...args, '--learning-rate', '1'], { cwd });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('this training was begun with another highest learning rate: 0.01, now 1');
  });

  it.each([
    [
      ['train', 'quickstart', '--input', 'x'],
      'expected  a recipe that trains a model on\n  got       one that curates',
    ],
    [['run', 'continual', '--input', 'x'], 'Run it with: sluice train continual'],
    [['train', 'contnual', '--input', 'x'], 'Did you mean continual?'],
    [['train', 'continual'], 'expected  something to train on\n  got       no input'],
    [['train', 'continual', '--input', 'x', '--schedule', 'cosin'], 'Did you mean cosine?'],
    [['train', 'continual', '--input', 'x', '--schedule-options', '{}'], 'got       --schedule-options alone'],
    [['train', 'continual', '--input', 'x', '--learning-rate', 'fast'], "got       'fast'"],
    [['train', 'continual', '--input', 'x', '--model', 'nowhere'], 'a folder with config.json and model.safetensors'],
  ])('%j is refused in words', async (args, says) => {
    const { code, stderr } = await runCli(args, { cwd: await temporaryFolder() });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
  });
});
