import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences, findingsOf, markdownOf, type Study } from '../../scripts/reproduce/perplexity-pruning/report.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { generatedCorpus } from './generated-corpus.ts';

const script = resolve('scripts/reproduce/perplexity-pruning/perplexity-pruning.ts');
const runScript = (args: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { encoding: 'utf8' });

/** Three seeds; a random half with 3 bits a byte, and arms that differ from it by so much. */
function studyOf(arms: Readonly<Record<string, readonly number[]>>): Study {
  const results = Object.entries({ 'random-50': [0, 0, 0], ...arms }).flatMap(([arm, added]) =>
    added.map((d, i) => ({
      arm,
      criterion: arm.split('-')[0] as Study['results'][number]['criterion'],
      rate: arm === 'all' ? 1 : 0.5,
      seed: i + 1,
      documents: 1,
      tokens: 1,
      epochs: 1,
      bitsPerByte: { news: 3 + d },
      cloze: { accuracy: 0, bitsPerWord: 20 },
      share: { news: 1 },
    })),
  );
  const settings = { finalTokens: 1, seeds: [1, 2, 3], smoke: false };
  return { settings, documents: { cloze: 100 }, domains: ['news'], results };
}

describe('reproduction of pruning by perplexity', () => {
  it('says how many comparisons were made, and which differences stay when that is corrected for', () => {
    const study = studyOf({
      'low-50': [0.9, 1.1, 1],
      'medium-50': [0.01, 0.4, 0.1],
      'high-50': [0.99, 1, 1.01],
      all: [0, 1, 2],
    });
    const bits = findingsOf(study, (r) => r.bitsPerByte.news, -1);
    // t = 1 / (0.1 / sqrt 3) = 17.3 and 1 / (0.01 / sqrt 3) = 173 with two degrees of freedom, where p = 1 - t /
    // sqrt(t^2 + 2).
    const p = (t: number): number => 1 - t / Math.sqrt(t * t + 2);
    expect([...bits].map(([arm, f]) => [arm, f.verdict])).toEqual([
      ['low-50', 'worse'],
      ['medium-50', 'not shown'],
      ['high-50', 'worse'],
      ['all', 'not shown'],
    ]);
    expect(bits.get('high-50')?.holm).toBeCloseTo(4 * p(100 * Math.sqrt(3)), 8);
    expect(bits.get('low-50')?.holm).toBeCloseTo(3 * p(10 * Math.sqrt(3)), 8);
    const text = markdownOf(study);
    expect(text).toContain('4.30 standard errors');
    expect(text).toContain('4 comparisons were made of each\nmeasure, so that 0.2 of each would be shown by chance');
    expect(text).toContain('bits: worse (p 0.0033), also after Holm (p 0.010)');
  });

  it('runs end to end, trains on equal budgets, and skips what is done', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    const input = await generatedCorpus(folder);
    const args = ['--smoke', '--seeds', '2', '--tokens', '2048', '--input', input, '--output', output];
    const first = runScript(args);
    expect(first.stderr + first.stdout).toContain('bits a byte, difference');
    expect(first.status).toBe(0);
    const text = readFileSync(join(output, 'results.json'), 'utf8');
    const study = JSON.parse(text) as Study;
    expect(study.results.length).toBe(13 * 2);
    expect(new Set(study.results.map((r) => r.tokens))).toEqual(new Set([2048]));
    const of = (arm: string) => study.results.filter((r) => r.arm === arm && r.seed === 1)[0];
    const half = Math.round(0.5 * of('all').documents);
    expect(['low-50', 'medium-50', 'high-50', 'random-50'].map((a) => of(a).documents)).toEqual([
      half,
      half,
      half,
      half,
    ]);
    expect(differences(study, 'low-50', (r) => r.tokens)).toEqual({ mean: 0, error: 0 });
    expect(readFileSync(join(output, 'results.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const weights = join(output, 'models/high-25-seed2/model.safetensors');
    const written = statSync(weights).mtimeMs;
    expect(runScript(args).status).toBe(0);
    expect(statSync(weights).mtimeMs).toBe(written);
    expect(readFileSync(join(output, 'results.json'), 'utf8')).toBe(text);
  });
});
