import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';

// Made by scripts/make/format-1-run.mjs with a version whose steps could not create documents yet.
const cwd = join(import.meta.dirname, '../fixtures');

const ask = async (command: string, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCli([command, 'format-1-run', ...args], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};

describe('a run directory with a ledger of format 1', () => {
  it('is read by status', async () => {
    const said = await ask('status', '--verify');
    expect(said).toContain('5 read (421 B), 2 kept (40.0 %), 2 dropped, 1 in quarantine');
    expect(said).not.toContain('created');
  });

  it('is read by sql, with the columns of format 2 as nulls', async () => {
    const rows = 'SELECT id, outcome, rule, derived, parents, generator, prompt_hash, cost FROM ledger ORDER BY id';
    const none = { derived: null, parents: null, generator: null, prompt_hash: null, cost: null };
    expect(JSON.parse(await ask('sql', rows, '--json'))).toEqual([
      { id: 'copy', outcome: 'dropped', rule: 'exact_duplicate', ...none },
      { id: 'cut', outcome: 'kept', rule: null, ...none },
      { id: 'kept', outcome: 'kept', rule: null, ...none },
      { id: 'short', outcome: 'dropped', rule: 'c4_min_sentences', ...none },
      { id: null, outcome: 'quarantined', rule: 'invalid_json', ...none },
    ]);
    const created = 'SELECT sum(created)::INTEGER AS created, sum(read)::INTEGER AS read FROM commits';
    expect(JSON.parse(await ask('sql', created, '--json'))).toEqual([{ created: 0, read: 5 }]);
    expect(JSON.parse(await ask('sql', 'SELECT reason, derived FROM quarantine', '--json'))).toEqual([
      { reason: 'invalid_json', derived: null },
    ]);
  });

  it('is read by explain and clusters', async () => {
    const said = await ask('explain', 'copy');
    expect(said).toContain('1 exact_dedup  duplicate of kept (part-000.jsonl#0.0), similarity 1');
    expect(said).not.toMatch(/reated/);
    expect(await ask('clusters')).toContain('exact_dedup  1 cluster, 1 duplicate dropped (exact_duplicate 1)');
  });
});
