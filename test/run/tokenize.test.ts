import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, c4, dedup, drop, jsonl, type Operator, recipe, rule, textStatistics, tokenize } from 'sluice';
import { describe, expect, it } from 'vitest';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';
import { tokenFixture, writeTokenizer } from '../helpers/tokenizers.ts';

const { texts, ways } = tokenFixture;
const lengths = ways.gpt2.ids.map((ids) => ids.length);
const total = (of: readonly number[]): number => of.reduce((n, k) => n + k, 0);
const LONG = 30;

async function ran(steps: (tokenizer: string) => readonly Operator[], workers = 1) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  const tokenizer = writeTokenizer(join(folder, 'small.json'), 'gpt2');
  const lines = texts.map((text, i) => JSON.stringify({ id: `t${i}`, text, domain: i % 2 === 0 ? 'even' : 'odd' }));
  await writeFile(join(folder, 'in/texts.jsonl'), `${lines.join('\n')}\n`);
  const output = join(folder, 'out');
  const made = recipe({
    name: 'tokens',
    steps: [...steps(tokenizer)],
    sinks: [jsonl({ compression: 'none' })],
    splitBytes: 16 * 1024,
    expected: { all: { max: 1 } },
  });
  const { last } = await runToEnd(made, { input: [join(folder, 'in')], output, workers });
  if (last.type !== 'finished') throw new Error(`expected a finished run, got ${last.type}`);
  const ledger = await query(
    `SELECT id, outcome, tokens::INT AS tokens FROM read_parquet('${output}/ledger/*.parquet') ORDER BY "offset"`,
  );
  const documents = await query(`SELECT * FROM read_json_auto('${output}/documents/*.jsonl') ORDER BY "offset"`);
  const kept = documents.map((r) => (r.tokens === undefined ? null : Number(r.tokens)));
  return { totals: last.result.totals!, schema: last.result.schema, ledger, kept, output };
}

const short = (): readonly Operator[] => [
  annotate(textStatistics(), { step: 'statistics' }),
  drop('short', [rule(`text_chars < ${LONG}`)]),
];

describe('a run that tokenises', () => {
  it('counts the tokens of what is kept, exactly, and none of what was dropped before', async () => {
    const { totals, ledger, kept } = await ran((tokenizer) => [...short(), tokenize({ tokenizer })]);
    const long = texts.map((text) => [...text].length >= LONG);
    expect(kept).toEqual(lengths.filter((_, i) => long[i]));
    expect(ledger.map((r) => r.tokens)).toEqual(lengths.map((n, i) => (long[i] ? n : null)));
    expect(totals.kept.tokens).toBe(total(lengths.filter((_, i) => long[i])));
    expect(totals.dropped.tokens).toBe(0);
    expect(totals.domains.odd.kept.tokens).toBe(total(lengths.filter((_, i) => long[i] && i % 2 === 1)));
  });

  it('counts what is dropped after it too, and across a barrier', async () => {
    const after = (tokenizer: string) => [tokenize({ tokenizer }), ...short(), dedup.exact()];
    const { totals, ledger, output } = await ran(after);
    expect(ledger.map((r) => r.tokens)).toEqual(lengths);
    expect(totals.kept.tokens + totals.dropped.tokens).toBe(total(lengths));
    expect(promisedBytes((await ran(after, 2)).output)).toEqual(promisedBytes(output));
    const before = await ran((tokenizer) => [dedup.exact(), ...short(), tokenize({ tokenizer })]);
    expect(before.totals.kept.tokens).toBe(totals.kept.tokens);
    // What the barrier or a rule has dropped first is not estimated beside exact numbers.
    expect(before.totals.dropped.tokens).toBe(0);
  });

  it('has one column of tokens in the ledger, with or without the estimate', async () => {
    const { schema, output } = await ran((tokenizer) => [tokenize({ tokenizer })]);
    expect(schema.annotations).toEqual([{ name: 'tokens', type: 'int32' }]);
    const columns = await query(`DESCRIBE SELECT * FROM read_parquet('${output}/ledger/*.parquet')`);
    expect(columns.filter((c) => String(c.column_name).startsWith('tokens')).map((c) => c.column_type)).toEqual([
      'BIGINT',
    ]);
    const estimated = await ran(() => short());
    expect(estimated.ledger.map((r) => r.tokens)).not.toContain(null);
  });

  it('is refused when a later step changes the text', () => {
    const steps = [tokenize({ tokenizer: 'bytes' }), c4({ step: 'lines' })];
    expect(() => recipe({ name: 'x', steps })).toThrow(
      'recipe x: expected no step that changes or creates documents after their tokens are counted, got lines after ' +
        'tokenize.',
    );
    expect(() => recipe({ name: 'x', steps: [...steps].reverse() })).not.toThrow();
  });
});
