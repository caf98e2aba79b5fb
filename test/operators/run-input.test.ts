import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  annotate,
  c4,
  custom,
  type DocumentBatch,
  dedup,
  drop,
  type Operator,
  recipe,
  rule,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { runInput } from '../../src/operators/run-input.ts';
import { stringAt } from '../../src/streams/batch/columns.ts';
import { readOptions } from '../../src/streams/inputs/read-options.ts';
import { jsonLines, madeDocuments } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const read = readOptions.parse({});

/** What comes out: ids that are kept, in order, and the reasons of what was set aside. */
async function through(input: readonly string[], steps: readonly Operator[], stop?: AbortSignal) {
  const kept: string[] = [];
  const reasons: string[] = [];
  let batches = 0;
  const write = async (batch: DocumentBatch): Promise<void> => {
    batches++;
    for (const row of batch.aliveRows()) kept.push(stringAt(batch.utf8('id'), row) ?? '');
  };
  await runInput({ input, read, steps, sink: { write, quarantine: ({ reason }) => reasons.push(reason) }, stop });
  return { kept, reasons, batches };
}

async function corpus(): Promise<{ folder: string; input: string[] }> {
  const folder = await temporaryFolder();
  const documents = madeDocuments(90, 4);
  const copies = documents.slice(5, 25).map((d) => ({ ...d, id: `${d.id}-again` }));
  writeFileSync(join(folder, 'a.jsonl'), `${jsonLines(documents)}{"text": broken}\n`);
  writeFileSync(join(folder, 'b.jsonl'), jsonLines(copies));
  return { folder, input: [join(folder, '*.jsonl')] };
}

const picky = (): Operator =>
  custom('picky', 1, ({ id, text }) => {
    if (id.endsWith('7')) throw new Error('not this one');
    return text.length % 5 !== 0;
  });

describe('an input through steps into a sink', () => {
  it('keeps what a run keeps, barriers and a function among them, and sets aside what a step throws on', async () => {
    const { folder, input } = await corpus();
    const steps = [
      annotate(textStatistics()),
      drop('length', [rule('text_chars < 60', { name: 'min_chars' })]),
      dedup.exact(),
      c4({ minSentences: 1 }),
      picky(),
      dedup.minhash({ threshold: 0.8 }),
    ];
    const { kept, reasons } = await through(input, steps);
    const output = join(folder, 'out');
    await runToEnd(recipe({ name: 'same', steps }), { input, output, workers: 1, allow: { quarantine: true } });
    const rows = await query(`SELECT id FROM read_parquet('${output}/documents/*.parquet')`);
    expect(kept).toEqual(rows.map(({ id }) => String(id)));
    expect(kept.length).toBeGreaterThan(20);
    const aside = await query(
      `SELECT reason FROM read_json_auto('${output}/quarantine/*.jsonl', format = 'newline_delimited')`,
    );
    expect(reasons.sort()).toEqual(aside.map(({ reason }) => String(reason)).sort());
    expect(new Set(reasons)).toEqual(new Set(['invalid_json', 'step_failed']));
  });

  it('takes a function as often as a document comes, and each in order', async () => {
    const { input } = await corpus();
    const seen: string[] = [];
    const { kept } = await through(input, [custom('all', 1, ({ id }) => seen.push(id) > 0)]);
    expect(seen).toEqual(kept);
    expect(kept.length).toBe(110);
  });

  it('without steps hands every document on; told to stop, none', async () => {
    const { input } = await corpus();
    expect((await through(input, [])).kept.length).toBe(110);
    const stop = AbortSignal.abort();
    expect(await through(input, [dedup.exact()], stop)).toEqual({ kept: [], reasons: [], batches: 0 });
  });

  it('ends with the error of a file that is not there', async () => {
    await expect(through([join(await temporaryFolder(), 'none.jsonl')], [])).rejects.toThrow(
      /expected an existing file/,
    );
  });
});
