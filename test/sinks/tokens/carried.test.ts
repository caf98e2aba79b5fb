import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, drop, recipe, rule, textStatistics, tokenize, tokens } from 'sluice';
import { describe, expect, it } from 'vitest';
import { writeDomains } from '../../helpers/feed.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';

const idsOf = (run: string): Buffer[] =>
  readdirSync(join(run, 'sinks/tokens'))
    .filter((name) => name.endsWith('.bin'))
    .map((name) => readFileSync(join(run, 'sinks/tokens', name)));

describe('a store of tokens', () => {
  it('takes the ids that a step has made, of the documents that are left', async () => {
    const folder = await temporaryFolder();
    const input = [writeDomains(join(folder, 'in'), 1)];
    const sinks = [tokens({ tokenizer: 'bytes' })];
    const rules = [annotate(textStatistics()), drop('long', [rule('text_chars < 40')])];
    const [made, carried] = [join(folder, 'made'), join(folder, 'carried')];
    await runToEnd(recipe({ name: 'made', steps: rules, sinks }), { input, output: made, workers: 1 });
    const steps = [tokenize({ tokenizer: 'bytes' }), ...rules];
    const { last } = await runToEnd(recipe({ name: 'carried', steps, sinks }), { input, output: carried, workers: 1 });
    expect(idsOf(carried)).toEqual(idsOf(made));
    const totals = last.type === 'finished' ? last.result.totals : null;
    expect(totals?.dropped.documents).toBeGreaterThan(0);
    const length = idsOf(carried).reduce((n, ids) => n + ids.length / 2, 0);
    expect(totals!.kept.tokens + totals!.kept.documents).toBe(length);
  });
});
