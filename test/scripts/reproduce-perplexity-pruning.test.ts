import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences, type Study, spreadOf, verdictOf } from '../../scripts/perplexity-pruning-report.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { generatedCorpus } from './generated-corpus.ts';

const script = resolve('scripts/reproduce-perplexity-pruning.ts');
const runScript = (args: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { encoding: 'utf8' });

describe('reproduction of pruning by perplexity', () => {
  it('takes an effect within two standard errors for none', () => {
    expect(spreadOf([1, 2, 3])).toEqual({ mean: 2, error: Math.sqrt(1 / 3) });
    expect(verdictOf({ mean: 2, error: 1 }, 1)).toBe('not reproduced at this scale');
    expect(verdictOf({ mean: 2.1, error: 1 }, 1)).toBe('better');
    expect(verdictOf({ mean: 2.1, error: 1 }, -1)).toBe('worse');
    expect(verdictOf({ mean: 2, error: Number.NaN }, 1)).toBe('not reproduced at this scale');
  });

  it('runs end to end, trains on equal budgets, and skips what is done', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    const args = ['--smoke', '--tokens', '2048', '--input', await generatedCorpus(folder), '--output', output];
    const first = runScript(args);
    expect(first.stderr + first.stdout).toContain('bits a byte, difference');
    expect(first.status).toBe(0);
    const text = readFileSync(join(output, 'results.json'), 'utf8');
    const study = JSON.parse(text) as Study;
    expect(study.results.length).toBe(13 * 3);
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
    const weights = join(output, 'models/high-25-seed3/model.safetensors');
    const written = statSync(weights).mtimeMs;
    expect(runScript(args).status).toBe(0);
    expect(statSync(weights).mtimeMs).toBe(written);
    expect(readFileSync(join(output, 'results.json'), 'utf8')).toBe(text);
  });
});
