import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveModel } from '../../../src/models/folders/hugging-face.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { modelFolder } from '../../../src/run/train/base-model.ts';
import { writeTokenizer } from '../../../src/training/tokenize.ts';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** Random models over bytes, held-out documents in two domains, and items. */
async function project(): Promise<string> {
  const cwd = await temporaryFolder();
  for (const [seed, name] of ['before', 'a', 'b'].entries()) {
    const shape = { width: 16, layers: 1, heads: 2, vocabulary: 257, context: 64, bosToken: 256 };
    await saveModel(newModel(shape, seed), join(cwd, name));
    await writeTokenizer([], join(cwd, name));
  }
  const line = (i: number): string =>
    JSON.stringify({ id: `d${i}`, domain: i % 2 ? 'code' : 'books', text: `document number ${i} of the test.` });
  await writeFile(join(cwd, 'held.jsonl'), `${Array.from({ length: 8 }, (_, i) => line(i)).join('\n')}\n`);
  const item = { question: 'The sky is', choices: { text: ['blue', 'loud'], label: ['A', 'B'] }, answerKey: 'A' };
  await writeFile(join(cwd, 'items.jsonl'), `${JSON.stringify(item)}\n`);
  return cwd;
}

const NAMED = ['--executor', 'onnxruntime-cpu'];

describe('sluice eval', () => {
  it('says what changed from the first model to the others, and writes it', async () => {
    const cwd = await project();
    const args = ['eval', 'before', 'a', 'b', '--seeds', '--input', 'held.jsonl', '--items', 'items.jsonl', ...NAMED];
    const { code, stdout, stderr } = await runCli([...args, '--output', 'out'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Measured on 8 documents and 1 item.');
    expect(stdout).toMatch(/^ {2}bits per byte +before +after +change/m);
    expect(stdout).toMatch(/^ {2}books +[78]\.\d{4} +[78]\.\d{4} ± 0\.\d{4}/m);
    expect(stdout).toContain("Student's t over 2 seeds");
    const written = JSON.parse(readFileSync(join(cwd, 'out/eval.json'), 'utf8'));
    expect(written.changes[0].report.domains.map((d: { domain: string }) => d.domain)).toEqual([
      'books',
      'code',
      'all',
    ]);
    expect(written.changes[0].report.items[0].n).toBe(1);
    expect(readFileSync(join(cwd, 'out/eval.md'), 'utf8')).toContain('## before to a, b');
    expect(readFileSync(join(cwd, 'out/eval.svg'), 'utf8')).toMatch(/^<svg /);
    // The same as --json says, also in another order of the others.
    const json = await runCli([...args, '--json'], { cwd });
    expect(JSON.parse(json.stdout)).toEqual(written);
  });

  it('measures one model alone, and refuses nothing to measure on', async () => {
    const cwd = await project();
    const one = await runCli(['eval', 'before', '--input', 'held.jsonl', ...NAMED], { cwd });
    expect(one.stdout).toMatch(/^ {2}all +[78]\.\d{4}$/m);
    expect(readFileSync(join(modelFolder('prose'), 'config.json'), 'utf8')).toContain('vocab_size');
    const none = await runCli(['eval', 'before', ...NAMED], { cwd });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('neither --input nor --items');
    const wrong = await runCli(['eval', 'nowhere', '--input', 'held.jsonl', ...NAMED], { cwd });
    expect(wrong.code).toBe(2);
  });
});
