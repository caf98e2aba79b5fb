import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { type ComparisonEvent, type ComparisonOptions, compare } from '../../../src/training/compare/comparison.ts';
import { planComparison } from '../../../src/training/compare/plan.ts';
import { type ComparisonInput, comparisonSettings } from '../../../src/training/compare/settings.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** Documents of prose, and of the same words with their letters in any order. */
async function arms(folder: string): Promise<{ good: string; bad: string; test: string }> {
  const random = generator(5);
  const shuffled = (text: string): string => [...text].sort(() => random() - 0.5).join('');
  const write = async (name: string, text: () => string, n: number): Promise<string> => {
    const lines = Array.from({ length: n }, (_, i) =>
      JSON.stringify({ id: `${name}${i}`, text: text(), domain: 'web' }),
    );
    await writeFile(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
    return join(folder, `${name}.jsonl`);
  };
  return {
    good: await write('good', () => prose(random, 60), 60),
    bad: await write('bad', () => shuffled(prose(random, 60)), 60),
    test: await write('test', () => prose(random, 60), 20),
  };
}

const small = (more: Partial<ComparisonInput> & Pick<ComparisonInput, 'arms'>) =>
  comparisonSettings({
    seeds: 2,
    tokens: 12_000,
    model: { width: 16, layers: 1, heads: 2, context: 32 },
    learningRate: 1e-2,
    ...more,
  });

const all = (settings: ReturnType<typeof small>, options: ComparisonOptions): Promise<ComparisonEvent[]> =>
  lastValueFrom(compare(settings, options).pipe(toArray()));

const finished = (events: ComparisonEvent[]): Extract<ComparisonEvent, { type: 'finished' }> => {
  const last = events.at(-1)!;
  if (last.type !== 'finished') throw new Error(`ended with ${last.type}`);
  return last;
};

describe('comparing', () => {
  it('says that shuffled letters are worse, and leaves report.md, report.json and report.svg', async () => {
    const folder = await temporaryFolder();
    const { good, bad, test } = await arms(folder);
    const output = join(folder, 'out');
    const executors = [await onnxruntimeNode(), await onnxruntimeNode()];
    const settings = small({
      arms: [
        { name: 'good', input: [good] },
        { name: 'bad', input: [bad] },
      ],
      heldOut: [test],
      seeds: 3,
    });
    const { report } = finished(await all(settings, { output, executors }));
    expect(report.verdicts).toEqual([expect.stringMatching(/^bad: worse than good by \d\.\d{4} bits per byte/)]);
    expect(report.heldOut).toMatchObject({ documents: 20, decides: 'all documents', from: 'given' });
    expect(report.arms.map((a) => a.documents)).toEqual([60, 60]);
    const markdown = await readFile(join(output, 'report.md'), 'utf8');
    expect(markdown).toContain(`- ${report.verdicts[0]}`);
    expect(markdown).toContain("Student's t over 3 paired seeds");
    expect(await readFile(join(output, 'report.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(JSON.parse(await readFile(join(output, 'report.json'), 'utf8'))).toEqual(report);
    const again = await all(settings, { output, executors });
    expect(again).toMatchObject([{ type: 'finished', already: true }]);
    await expect(all({ ...settings, tokens: 5000 }, { output, executors })).rejects.toThrow(/arms and settings/);
  });

  it('equal arms have equal numbers, and nothing that is held out is trained on', async () => {
    const folder = await temporaryFolder();
    const { good } = await arms(folder);
    const settings = small({
      arms: [
        { name: 'a', input: [good] },
        { name: 'b', input: [good] },
      ],
      heldOutShare: 0.3,
    });
    const output = join(folder, 'out');
    const events = await all(settings, { output, executors: [await onnxruntimeNode()] });
    const { report } = finished(events);
    expect(report.rows[0].differences[0]).toEqual({ mean: 0, low: 0, high: 0, verdict: 'within the noise' });
    expect(report.verdicts[0]).toMatch(/^b: the difference to a is within the noise/);
    const prepared = events.find((e) => e.type === 'prepared')!.prepared;
    const tokens = new Uint16Array((await readFile(join(output, 'work/arm-0.bin'))).buffer.slice(0));
    const trained = Buffer.from([...tokens].map((id) => (id === 256 ? 10 : id))).toString('utf8');
    expect(prepared.documents.length).toBeGreaterThan(5);
    for (const { text } of prepared.documents) expect(trained).not.toContain(text.slice(0, 200));
    expect(prepared.arms[0].sample.documents).toBeLessThanOrEqual(60 - prepared.documents.length);
  });

  it('stopped in the middle of a training, it goes on to the same report', async () => {
    const folder = await temporaryFolder();
    const { good, bad } = await arms(folder);
    const settings = small({
      arms: [
        { name: 'a', input: [good] },
        { name: 'b', input: [bad] },
      ],
      heldOutShare: 0.3,
    });
    const executors = [await onnxruntimeNode()];
    const whole = finished(await all(settings, { output: join(folder, 'whole'), executors }));
    const output = join(folder, 'torn');
    const stop = new AbortController();
    const events = compare(settings, { output, executors, stop: stop.signal }).pipe(
      tap((e) => e.type === 'step' && e.arm === 'b' && e.step === 60 && stop.abort()),
      toArray(),
    );
    expect((await lastValueFrom(events)).at(-1)).toMatchObject({ type: 'stopped', done: 1, trainings: 4 });
    const again = await all(settings, { output, executors });
    const first = again.find((e) => e.type === 'step')!;
    expect(first).toMatchObject({ arm: 'b', seed: 0, step: 61 });
    expect(finished(again).report).toEqual(whole.report);
  });

  it('plans from a probe', async () => {
    const settings = small({ arms: ['a', 'b'].map((name) => ({ name, input: ['nowhere'] })) });
    const plan = await planComparison(settings, await onnxruntimeNode(), 1);
    expect(plan).toMatchObject({ trainings: 4, steps: 94, tokens: 94 * 128 });
    expect(plan.tokensPerSecond).toBeGreaterThan(0);
    expect(plan.seconds).toBeCloseTo(4 * (plan.trainingSeconds + plan.measuringSeconds), 6);
  });

  it('refuses what cannot be compared', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'tiny.jsonl'), '{"text":"a b"}\n');
    const { good, test } = await arms(folder);
    const executors = [await onnxruntimeNode()];
    const tiny = small({
      arms: [
        { name: 'good', input: [good] },
        { name: 'tiny', input: [join(folder, 'tiny.jsonl')] },
      ],
      heldOut: [test],
    });
    await expect(all(tiny, { output: join(folder, 'o'), executors })).rejects.toThrow(/more than 32 tokens/);
    expect(() => comparisonSettings({ arms: [{ name: 'a', input: ['x'] }] })).toThrow(/arms/);
    await writeFile(join(folder, 'other.txt'), 'mine');
    await expect(all(tiny, { output: folder, executors })).rejects.toThrow(/an empty or new output folder/);
  });
});
