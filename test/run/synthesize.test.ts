import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipe, type SynthesizeInput, synthesize } from 'sluice';
import { afterEach, expect, it } from 'vitest';
import { jsonLines } from '../helpers/corpus.ts';
import { type MeterBody, startMeter } from '../helpers/metering-server.mjs';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const TEXT = 'Ada wrote to Byron from Turin. The letter took two weeks. He never answered it. She wrote again in May.';

async function go(options: SynthesizeInput, reply: (prompt: string, body: MeterBody) => string) {
  const folder = await temporaryFolder();
  const server = await startMeter({ reply });
  closing.push(server.close);
  writeFileSync(join(folder, 'in.jsonl'), jsonLines([{ id: 'letter', text: TEXT }]));
  const output = join(folder, 'run');
  const step = synthesize({ endpoint: server.endpoint, model: 'm', answerPrice: 1, ...options });
  await runToEnd(recipe({ name: 'making', steps: [step] }), { input: [join(folder, 'in.jsonl')], output, workers: 1 });
  const rows = await query(
    `SELECT id, rule, synthesize_part AS part, synthesize_response_at AS at, excerpt, cost, generator
     FROM read_parquet('${output}/ledger/*.parquet') WHERE derived IS NOT NULL ORDER BY length(id), id`,
  );
  return { rows, meter: server.meter };
}

it('entigraph: the summary, and a passage for every pair and triple of the entities', async () => {
  const entities = ['Ada', 'Byron', 'Turin', 'Ada'];
  const { rows, meter } = await go({ task: 'entigraph', most: 10 }, (prompt, body) =>
    body.response_format ? JSON.stringify({ summary: 'Ada writes.', entities }) : `About ${prompt.slice(-300, -280)}.`,
  );
  expect(rows.map((r) => [r.part, r.rule])).toEqual([
    ['entities', null],
    ['Ada + Byron', null],
    ['Ada + Turin', null],
    ['Byron + Turin', null],
    ['Ada + Byron + Turin', null],
  ]);
  expect(rows[0].excerpt).toBe('Ada writes.');
  expect(rows.reduce((n, r) => n + Number(r.cost), 0)).toBeCloseTo(meter.tokens / 1e6, 9);
  const few = await go({ task: 'entigraph', most: 2 }, (_, body) =>
    body.response_format ? JSON.stringify({ summary: 'Ada writes.', entities }) : 'Some words.',
  );
  expect(few.rows.length).toBe(3);
});

it('bonito: a task with its answer for each kind; one without exactly one mark is dropped', async () => {
  const { rows } = await go({ task: 'bonito', kinds: ['yes_no', 'topic', 'nli'] }, (prompt) => {
    if (prompt.includes('yes or no. Put')) return '{{context}}\nDid he answer? <|pipe|> No';
    return prompt.includes('subject') ? 'No mark at all' : 'Two <|pipe|> marks <|pipe|> here';
  });
  expect(rows.map((r) => [r.part, r.rule])).toEqual([
    ['yes_no', null],
    ['topic', 'synthesize_malformed'],
    ['nli', 'synthesize_malformed'],
  ]);
  expect(rows[0].excerpt).toBe(`${TEXT}\nDid he answer?\nNo`);
  expect(rows[0].at).toBe(`${TEXT}\nDid he answer?\n`.length);
});

it('continuation: the first half as the prompt, cut at a sentence, and where the response begins', async () => {
  const half = 'Ada wrote to Byron from Turin.';
  const { rows } = await go({ task: 'continuation' }, (prompt) => (prompt === half ? 'It was short.' : 'wrong'));
  expect(rows).toMatchObject([{ rule: null, excerpt: `${half}\nIt was short.`, at: half.length + 1, generator: 'm' }]);
});

it('a document that gets nothing stays as it is', async () => {
  const { rows, meter } = await go({ task: 'entigraph', longest: 16 }, () => 'never');
  expect([rows, meter.requests]).toEqual([[], 0]);
});
