import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  annotate,
  as,
  c4,
  drop,
  type Recipe,
  type RunJson,
  type RunOptionsInput,
  recipe,
  rule,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import type { AnnotatorDescriptor } from '../../src/operators/annotator-stage.ts';
import { originOf } from '../../src/operators/annotators/existing.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder, runToEnd as toEnd } from '../helpers/run.ts';

const runToEnd = (r: Recipe, options: RunOptionsInput) => toEnd(r, { workers: 1, ...options });

const modelWords = (text: string): string => `
import { appendFileSync } from 'node:fs';
export const annotator = () => (batch, scope) => {
  appendFileSync(${JSON.stringify(text)}, 'measured\\n');
  const values = Float64Array.from(scope, (_, row) => batch.text(row).length / 3);
  return [['third', { type: 'float64', values, valid: null }]];
};`;

let folder = '';

/** A recipe with an annotator that writes a line to `log` for each batch that it measures. */
const measuring = (log: string, least: number, more: Recipe['steps'] = [], name = 'measuring'): Recipe => {
  const third: AnnotatorDescriptor = {
    name: 'third',
    version: 1,
    module: new URL(`file://${log}.mjs`).href,
    export: 'annotator',
    options: {},
    reads: ['text'],
    writes: [{ name: 'third', type: 'float64' }],
  };
  return recipe({
    name,
    steps: [
      ...more,
      annotate(textStatistics(), as(textStatistics(), 'again'), third, { step: 'scores' }),
      drop('length', [rule(`third < ${least}`, { name: 'short', option: 'least' })]),
    ],
  });
};

async function made(): Promise<{ log: string; lines: () => number; out: (name: string) => string }> {
  folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(60, 5), 2);
  const log = join(folder, 'log');
  await writeFile(`${log}.mjs`, modelWords(log));
  await writeFile(log, '');
  return { log, lines: () => readFileSync(log, 'utf8').split('\n').length - 1, out: (name) => join(folder, name) };
}

const runJson = (path: string): RunJson => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as RunJson;

/** Names of annotators of the step `scores` whose columns were taken from the input. */
function taken(path: string): string[] {
  const { steps } = runJson(path).recipe as unknown as {
    steps: { step: string; options: { annotators: AnnotatorDescriptor[] } }[];
  };
  const scores = steps.find((s) => s.step === 'scores')!;
  return scores.options.annotators.filter((a) => originOf(a) !== null).map((a) => a.name);
}

describe('a run over a run', () => {
  it('takes what was measured, for one threshold after another; the bytes are those of measuring', async () => {
    const { log, lines, out } = await made();
    await runToEnd(measuring(log, 1), { input: [join(folder, 'in')], output: out('a') });
    const [first, kept] = [lines(), runJson(out('a')).totals!.kept.documents];
    expect(first).toBeGreaterThan(0);
    const again = measuring(log, 150);
    await runToEnd(again, { input: [out('a')], output: out('b') });
    expect(lines()).toBe(first);
    expect(taken(out('b'))).toEqual(['text', 'text', 'third']);
    expect(runJson(out('b')).versions).toEqual(['text@1', 'text@1', 'third@1', 'short@1']);
    expect(runJson(out('b')).totals!.kept.documents).toBeLessThan(kept);
    await runToEnd(again, { input: [out('a')], output: out('b2'), recompute: true });
    expect(lines()).toBeGreaterThan(first);
    expect(taken(out('b2'))).toEqual([]);
    expect(promisedBytes(out('b2'))).toEqual(promisedBytes(out('b')));
    const now = lines();
    await runToEnd(measuring(log, 200), { input: [out('b')], output: out('c') });
    expect([lines(), taken(out('c'))]).toEqual([now, ['text', 'text', 'third']]);
    // The same command again finds the run done, with the same identity.
    const { last } = await runToEnd(again, { input: [out('a')], output: out('b') });
    expect(last).toMatchObject({ type: 'finished', already: true });
  });

  it('measures again where the text, a version, a module or the text field is another', async () => {
    const { log, lines, out } = await made();
    await runToEnd(measuring(log, 1), { input: [join(folder, 'in')], output: out('a') });
    const all = { input: [out('a')] };
    await runToEnd(measuring(log, 1, [c4({ minSentences: 1 })], 'cut'), { ...all, output: out('cut') });
    expect(taken(out('cut'))).toEqual([]);
    // What was measured after the cuts holds for the text as it was written.
    await runToEnd(measuring(log, 9), { input: [out('cut')], output: out('after') });
    expect(taken(out('after'))).toEqual(['text', 'text', 'third']);
    const r = measuring(log, 9);
    await runToEnd({ ...r, read: { ...r.read, textField: 'id' } }, { ...all, output: out('ids') });
    expect(taken(out('ids'))).toEqual([]);
    await runToEnd(measuring(log, 9), { input: [out('a'), join(folder, 'in')], output: out('two') });
    expect(taken(out('two'))).toEqual([]);
    await writeFile(`${log}.mjs`, `${readFileSync(`${log}.mjs`, 'utf8')}\n// another\n`);
    const before = lines();
    await runToEnd(measuring(log, 9), { ...all, output: out('module') });
    expect(taken(out('module'))).toEqual(['text', 'text']);
    expect(lines()).toBeGreaterThan(before);
  });
});

describe('columns: { ... } of a recipe', () => {
  const judged = (columns: Record<string, 'float64' | 'utf8' | 'int32'>): Recipe =>
    recipe({
      name: 'judged',
      columns,
      steps: [drop('low', [rule('score < 0.5', { name: 'low_score' })], { where: { column: 'lang', is: ['en'] } })],
    });

  it('are read from the input, for rules and scopes; a value of another type sets its document aside', async () => {
    const at = await temporaryFolder();
    await mkdir(join(at, 'in'));
    const rows = [
      { id: 'low', text: 'a', score: 0.4999999999999999, lang: 'en' },
      { id: 'high', text: 'b', score: 0.5, lang: 'en' },
      { id: 'other', text: 'c', score: 0.1, lang: 'de' },
      { id: 'none', text: 'd', lang: 'en' },
      { id: 'bad', text: 'e', score: 'much', lang: 'en' },
      { id: 'inside', text: 'f', metadata: { score: 0.2, lang: 'en' } },
    ];
    await writeFile(join(at, 'in/a.jsonl'), rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
    const options = { input: [join(at, 'in')], output: join(at, 'out'), allow: { quarantine: true } };
    await runToEnd(judged({ score: 'float64', lang: 'utf8' }), options);
    const { totals } = runJson(join(at, 'out'));
    expect(totals!.kept.documents).toBe(3);
    expect(totals!.steps.low.low_score.examples.map((e) => e.id).sort()).toEqual(['inside', 'low']);
    expect(totals!.quarantined.byReason).toEqual({ step_failed: 1 });
  });

  it('must be named for a rule to read them, and the error says how', () => {
    expect(() => judged({ lang: 'utf8' })).toThrow("columns: { score: 'float64' }");
    expect(() => judged({ Score: 'float64' })).toThrow('names of a-z, 0-9 and _');
  });
});
