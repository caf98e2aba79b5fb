import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, parquet, recipe, textStatistics, tokens } from 'sluice';
import { describe, expect, it } from 'vitest';
import { writeDomains } from '../helpers/feed.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const both = recipe({
  name: 'both',
  read: { domainFrom: 'path' },
  steps: [annotate(textStatistics())],
  sinks: [tokens({ tokenizer: 'bytes', columns: ['text_lines'] }), parquet()],
  splitBytes: 8192,
});

/** Every file of the store, by name. */
const storeOf = (run: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(run, 'sinks/tokens')).map((name) => [
      name,
      readFileSync(join(run, 'sinks/tokens', name)).toString('base64'),
    ]),
  );

describe('a run that writes tokens', () => {
  it('writes the same bytes with any number of workers, and after a stop, beside its documents', async () => {
    const folder = await temporaryFolder();
    const input = [writeDomains(join(folder, 'in'))];
    const [one, three, stopped] = ['one', 'three', 'stopped'].map((n) => join(folder, n));
    await runToEnd(both, { input, output: one, workers: 1 });
    await runToEnd(both, { input, output: three, workers: 3 });
    const store = storeOf(one);
    expect(Object.keys(store).length).toBeGreaterThan(4);
    expect(storeOf(three)).toEqual(store);
    const stop = new AbortController();
    const first = runToEnd(both, { input, output: stopped, workers: 1, stop: stop.signal });
    stop.abort();
    expect((await first).last.type).toBe('stopped');
    await runToEnd(both, { input, output: stopped, workers: 2 });
    expect(storeOf(stopped)).toEqual(store);
    const rows = (await query(
      `SELECT d.id, length, octet_length(encode(text)) + 1 AS bytes, i.text_lines = d.text_lines AS same
       FROM read_parquet('${one}/sinks/tokens/*.parquet') i JOIN read_parquet('${one}/documents/*.parquet') d
       USING (id)`,
    )) as Record<string, unknown>[];
    expect(rows.length).toBe(360);
    expect(
      rows.every((r) => (r as { length: number; bytes: bigint }).length === Number((r as { bytes: bigint }).bytes)),
    );
    expect(rows.every((r) => (r as { same: boolean }).same)).toBe(true);
  });

  it('may write them alone, of a finished run, and nothing at all', async () => {
    const folder = await temporaryFolder();
    const input = [writeDomains(join(folder, 'in'), 1)];
    const documents = join(folder, 'documents');
    await runToEnd(recipe({ name: 'documents', steps: [], read: { domainFrom: 'path' }, splitBytes: 4096 }), {
      input,
      output: documents,
      workers: 1,
    });
    const alone = join(folder, 'alone');
    const { last } = await runToEnd(recipe({ name: 'alone', steps: [], sinks: [tokens({ tokenizer: 'bytes' })] }), {
      input: [documents],
      output: alone,
      workers: 1,
    });
    expect(last.type === 'finished' && last.result.totals?.kept.documents).toBe(90);
    expect(last.type === 'finished' && last.result.sinks.map((s) => s.folder)).toEqual(['sinks/tokens']);
    const readme = readFileSync(join(alone, 'README.md'), 'utf8');
    expect(readme).toContain('`sinks/tokens/` holds token ids');
    expect(readme).not.toContain('load_dataset(run, "tokens"');
    const nothing = await runToEnd(recipe({ name: 'nothing', steps: [], sinks: [] }), {
      input,
      output: join(folder, 'nothing'),
      workers: 1,
    });
    expect(nothing.last.type === 'finished' && nothing.last.result.totals?.kept.documents).toBe(90);
    expect(existsSync(join(folder, 'nothing', 'ledger'))).toBe(true);
  });
});
