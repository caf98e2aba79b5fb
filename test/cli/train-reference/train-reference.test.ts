import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, said, startCli } from '../../helpers/cli.ts';
import { generator, prose, writeCorpus } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** A recipe of `steps` steps over 200 documents. */
async function project(steps: number, rows: number, context: number): Promise<string> {
  const cwd = await temporaryFolder();
  const random = generator(4);
  await writeCorpus(
    join(cwd, 'in'),
    Array.from({ length: 200 }, (_, i) => ({ id: `d${i}`, text: prose(random, 120) })),
  );
  const shape = `{ width: 32, layers: 2, heads: 2, context: ${context} }`;
  const training = `{ tokens: ${steps * rows * context}, rows: ${rows}, evaluateEvery: 1000 }`;
  await writeFile(
    join(cwd, 'small.ts'),
    `import { reference } from 'sluice';
export default reference({ name: 'small', input: ['in'], groupBy: 'text', model: ${shape}, training: ${training} });
`,
  );
  return cwd;
}

const command = (output: string) => [
  'train-reference',
  'small.ts',
  '--executor',
  'onnxruntime-cpu',
  '--output',
  output,
];
const weights = (cwd: string, folder: string): Buffer => readFileSync(join(cwd, folder, 'model.safetensors'));

describe('sluice train-reference and Ctrl-C', () => {
  it('once: stops after the step with a checkpoint, and the same command ends with the same weights', async () => {
    const cwd = await project(120, 4, 64);
    expect((await runCli(command('whole'), { cwd })).code).toBe(0);
    const { child, done } = startCli(command('torn'), { cwd });
    await said(child, 'tokens to train on');
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      new RegExp(
        String.raw`\nStopping after this step with a checkpoint\. Ctrl-C again stops immediately without ` +
          String.raw`one\.\n(?:.*step \d+ .*\n)?Stopped at step \d+ of 120\. To resume:\n {2}sluice ` +
          String.raw`train-reference small\.ts --executor onnxruntime-cpu --output torn\n$`,
      ),
    );
    expect(existsSync(join(cwd, 'torn/work/checkpoint.safetensors'))).toBe(true);
    const again = await runCli(command('torn'), { cwd });
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/resuming at step \d/);
    expect(weights(cwd, 'torn').equals(weights(cwd, 'whole'))).toBe(true);
    expect(existsSync(join(cwd, 'torn/work'))).toBe(false);
  });

  it('is heard in the middle of a long step; twice: stops without a checkpoint', async () => {
    const cwd = await project(400, 64, 256);
    const { child, done } = startCli(command('out'), { cwd });
    await said(child, 'tokens to train on');
    const stopping = said(child, 'Stopping after this step');
    child.kill('SIGINT');
    await stopping;
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).not.toContain('Stopped at step');
    expect(existsSync(join(cwd, 'out/work/checkpoint.safetensors'))).toBe(false);
  });
});

describe('sluice train-reference says at its end', () => {
  it('how many records and which files could not be read, and that nothing was held out', async () => {
    const cwd = await project(2, 2, 16);
    const recipe = await readFile(join(cwd, 'small.ts'), 'utf8');
    await writeFile(join(cwd, 'small.ts'), recipe.replace('model:', 'shares: { train: 0.9, heldOut: 1e-9 }, model:'));
    await writeFile(join(cwd, 'in', 'broken.jsonl'), '{"text":\n');
    await writeFile(join(cwd, 'in', 'picture'), Uint8Array.of(0, 1, 2, 3));
    const { code, stdout, stderr } = await runCli(command('out'), { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('warning  skipped picture (binary)\n');
    expect(stdout).toMatch(
      new RegExp(
        String.raw`^Done: .* \d+ training documents, 0 held out, \d+ unused; skipped 1 record that could not ` +
          String.raw`be read\nNo documents were held out, so nothing was measured\.\n\nModel {2}out\n`,
      ),
    );
  });
});
