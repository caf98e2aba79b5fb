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

async function go(options: SynthesizeInput, reply: (prompt: string, body: MeterBody) => string, text = TEXT) {
  const folder = await temporaryFolder();
  const server = await startMeter({ reply });
  closing.push(server.close);
  writeFileSync(join(folder, 'in.jsonl'), jsonLines([{ id: 'letter', text }]));
  const output = join(folder, 'run');
  const step = synthesize({ endpoint: server.endpoint, model: 'm', answerPrice: 1, ...options });
  await runToEnd(recipe({ name: 'making', steps: [step] }), { input: [join(folder, 'in.jsonl')], output, workers: 1 });
  const rows = await query(
    `SELECT id, rule, synthesize_part AS part, synthesize_response_at AS at, excerpt, cost, generator,
       synthesize_reason AS reason
     FROM read_parquet('${output}/ledger/*.parquet') WHERE derived IS NOT NULL ORDER BY length(id), id`,
  );
  const [{ kept }] = await query(
    `SELECT count(*) AS kept FROM read_parquet('${output}/ledger/*.parquet')
     WHERE outcome = 'kept' AND derived IS NULL`,
  );
  return { rows, meter: server.meter, kept: Number(kept) };
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

const EXAMPLES = [
  { input: 'Who wrote the letter?', output: 'Ada wrote it.' },
  { input: 'Where was it written?', output: 'It was Turin.' },
  { input: 'When was it?', output: 'In May then, I think.' },
];

it('self_guide: inputs that pass the filters, then outputs that do; every drop says why', async () => {
  const inputs = ['Input: Who answered?', 'Sure, happy to help', 'who  ANSWERED?', '', 'Who waited?', 'How long?'];
  const outputs: Record<string, string[]> = {
    'Who answered?': ['Output: He never did.', 'Nobody answered it.', 'He never did.'],
    'Who waited?': ['One', 'I hope this helps you', ''],
    'How long?': ['It took two weeks.', 'Two weeks in all.', 'Two weeks, or so.'],
  };
  const said: Record<string, number> = {};
  let asked = 0;
  const { rows } = await go(
    {
      task: 'self_guide',
      instruction: 'Answer.',
      examples: EXAMPLES,
      samples: 3,
      most: 6,
      temperature: 1,
      concurrency: 1,
    },
    (prompt) => {
      const input = /Input: ([^\n]*)\nOutput:$/.exec(prompt)?.[1];
      if (input === undefined) return inputs[asked++];
      said[input] = (said[input] ?? 0) + 1;
      return outputs[input][said[input] - 1];
    },
  );
  const first = rows.filter((r) => String(r.part).startsWith('input'));
  expect(first.map((r) => [r.rule, r.reason]).sort()).toEqual(
    [
      ['synthesize_step', 'an input'],
      ['synthesize_filtered', 'filler'],
      ['synthesize_filtered', 'duplicate'],
      ['synthesize_filtered', 'empty'],
      ['synthesize_step', 'an input'],
      ['synthesize_step', 'an input'],
    ].sort(),
  );
  const of = (input: string) => rows.filter((r) => r.part === `output: ${input}`).map((r) => [r.reason, r.excerpt]);
  expect(of('Who answered?').filter(([reason]) => reason === null)).toEqual([[null, 'Who answered?\nHe never did.']]);
  expect(of('Who answered?').length).toBe(3);
  expect(
    of('Who waited?')
      .map(([reason]) => reason)
      .sort(),
  ).toEqual(['empty', 'filler', 'length']);
  // Three that differ: each is the most frequent, and the shortest of them stays.
  expect(of('How long?').filter(([reason]) => reason === null)).toEqual([[null, 'How long?\nTwo weeks in all.']]);
});

it('self_guide: labels, and an error without a task', async () => {
  const { rows } = await go(
    { task: 'self_guide', instruction: 'Yes or no?', examples: EXAMPLES, labels: ['yes', 'no'], most: 1 },
    (prompt) => (prompt.endsWith('Output:') ? ' Yes ' : 'Did she write again?'),
  );
  expect(rows.map((r) => [r.rule, r.excerpt, r.at])).toEqual([
    ['synthesize_step', '', null],
    [null, 'Did she write again?\nYes', 'Did she write again?\n'.length],
  ]);
  expect(() => synthesize({ task: 'self_guide' })).toThrow('an instruction and a few examples');
});

const PAIR = 'Who wrote to Byron? => Ada.';
const own = { task: 'self_target', separator: ' => ' } as const;

it('self_target: the own answer if it is right, else a paraphrase that is, else the document as it is', async () => {
  const right = await go({ ...own, judge: 'contains', keepSource: false }, () => 'It was Ada who did.', PAIR);
  expect(right.rows.map((r) => [r.part, r.rule, r.excerpt])).toEqual([
    ['own', null, 'Who wrote to Byron? => It was Ada who did.'],
  ]);
  const again = (prompt: string): string => (prompt.includes('own words') ? 'The writer was Ada' : 'Mary');
  const second = await go({ ...own, judge: 'contains' }, again, PAIR);
  expect(second.rows.map((r) => [r.part, r.rule, r.reason])).toEqual([
    ['own', 'synthesize_filtered', 'judged wrong'],
    ['paraphrase', null, null],
  ]);
  const gold = await go({ ...own, keepSource: false }, again, PAIR);
  expect(gold.rows.map((r) => [r.part, r.rule])).toEqual([
    ['own', 'synthesize_filtered'],
    ['paraphrase', 'synthesize_filtered'],
  ]);
  expect([right.kept, gold.kept]).toEqual([0, 1]);
});

it('self_target: judged by the model, whose verdict is paid for and makes nothing', async () => {
  const { rows, meter } = await go(
    { ...own, judge: 'model' },
    (prompt, body) => {
      if (body.response_format) return `{"equivalent": ${prompt.includes('Second: Lady Lovelace')}}`;
      return prompt.includes('own words') ? 'Lady Lovelace' : 'Mary';
    },
    PAIR,
  );
  expect(rows.map((r) => [r.part, r.rule])).toEqual([
    ['own', 'synthesize_filtered'],
    ['verdict on own', 'synthesize_step'],
    ['paraphrase', null],
    ['verdict on paraphrase', 'synthesize_step'],
  ]);
  expect(meter.requests).toBe(4);
});

it('wrap_prompt: the text in the form of a task, with the label of the model', async () => {
  const templates = { tone: { template: 'Text: {text}\nTone: {label}.', labels: ['warm', 'cold'] } };
  const { rows } = await go({ task: 'wrap_prompt', templates }, () => '"Cold."');
  const before = `Text: ${TEXT}\nTone: `;
  expect(rows).toMatchObject([{ part: 'tone', rule: null, excerpt: `${before}cold.`, at: before.length }]);
  const none = await go({ task: 'wrap_prompt', kinds: ['topic', 'kind'] }, (p) =>
    p.includes('subject') ? 'law' : 'x',
  );
  expect(none.rows.map((r) => [r.part, r.rule, r.reason])).toEqual([
    ['topic', null, null],
    ['kind', 'synthesize_malformed', 'none of the labels'],
  ]);
});
