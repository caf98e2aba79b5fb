import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { c4, jsonl, type RefineInput, recipe, refine } from 'sluice';
import { afterEach, expect, it } from 'vitest';
import { jsonLines } from '../helpers/corpus.ts';
import { startMeter } from '../helpers/metering-server.mjs';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const body = (n: number): string =>
  Array.from({ length: 5 }, (_, k) => `The ${['mill', 'bridge', 'school'][n % 3]} of ${n} saw ${k} winters pass.`).join(
    '\n',
  );
const documents = [
  { id: 'page', text: `Home | News | Sport | Weather\n${body(1)}\nIt&nbsp;ended {well}.\nClick here to subscribe` },
  { id: 'plain', text: body(2) },
  { id: 'menu', text: 'Home\nNews\nSport\nWeather\nLog in\nShare this\nAbout us' },
];

async function go(options: RefineInput, after: readonly ReturnType<typeof c4>[] = []) {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'in.jsonl'), jsonLines(documents));
  const output = join(folder, 'run');
  const made = recipe({
    name: 'refining',
    steps: [refine({ minWords: 3, ...options }), ...after],
    sinks: [jsonl({ compression: 'none' })],
  });
  const { last } = await runToEnd(made, { input: [join(folder, 'in.jsonl')], output, workers: 1 });
  expect(last.type).toBe('finished');
  const rows = await query(
    `SELECT id, rule, refine_program, refine_errors, refine_cost, to_json(cut_spans)::VARCHAR AS spans, text_bytes
     FROM read_parquet('${output}/ledger/*.parquet') ORDER BY id`,
  );
  const kept = await query(`SELECT id, text FROM read_json_auto('${output}/documents/*.jsonl') ORDER BY id`);
  return {
    output,
    rows: new Map(rows.map((r) => [String(r.id), r])),
    texts: Object.fromEntries(kept.map((r) => [r.id, r.text])),
  };
}

it('programs by rules: lines go, noise is replaced, a menu is dropped, and the ledger has the programs', async () => {
  const { rows, texts } = await go({});
  expect(texts).toEqual({ page: `${body(1)}\nIt ended {well}.`, plain: body(2) });
  expect(rows.get('page')).toMatchObject({
    rule: null,
    refine_program: 'keep_doc()\nremove_lines(0, 0)\nremove_lines(7, 7)\nnormalize("&nbsp;", " ")',
    refine_errors: 0,
  });
  expect(rows.get('menu')).toMatchObject({ rule: 'refine_drop_doc', refine_program: 'drop_doc()' });
  const spans = JSON.parse(String(rows.get('page')!.spans)) as { start: number; end: number; rule: string }[];
  const text = documents[0].text;
  expect(spans.map((s) => [text.slice(s.start, s.end), s.rule])).toEqual([
    ['Home | News | Sport | Weather\n', 'refine_remove_lines'],
    ['&nbsp;', 'refine_normalize'],
    ['\nClick here to subscribe', 'refine_remove_lines'],
  ]);
});

it('a rewrite behind a replacement names the right places of the text as it was read', async () => {
  const cut = c4({ minSentences: 1, curlyBracket: false, minWordsPerLine: 5 });
  const { rows, texts } = await go({}, [cut]);
  expect(texts.page).toBe(body(1));
  const spans = JSON.parse(String(rows.get('page')!.spans)) as { start: number; end: number; rule: string }[];
  const text = documents[0].text;
  const few = spans.filter((s) => s.rule === 'c4_few_words').map((s) => text.slice(s.start, s.end));
  expect(few.join('')).toContain('ended {well}.');
  expect(few.join('')).not.toContain('subscribe');
});

it('programs by a model are asked for once, and what is no program leaves the text', async () => {
  const server = await startMeter({
    reply: (prompt) => {
      if (prompt.includes('keep_doc() if')) return prompt.includes('Log in') ? 'drop_doc()' : 'keep_doc()';
      return prompt.includes('[000] Home |')
        ? 'remove_lines(0, 0)\nnormalize("It&nbsp;", "It, ")'
        : 'I will(not)\nor(this)';
    },
  });
  closing.push(server.close);
  const { rows, texts, output } = await go({ endpoint: server.endpoint, model: 'm', promptPrice: 1, answerPrice: 1 });
  expect(texts).toEqual({
    page: `${body(1)}\nIt, ended {well}.\nClick here to subscribe`,
    plain: body(2),
  });
  expect([rows.get('plain')!.refine_errors, rows.get('menu')!.rule]).toEqual([2, 'refine_drop_doc']);
  expect(server.meter.requests).toBe(5);
  const cost = [...rows.values()].reduce((n, r) => n + Number(r.refine_cost), 0);
  expect(cost).toBeCloseTo((server.meter.promptTokens + server.meter.tokens) / 1e6, 9);
  expect(readFileSync(join(output, 'run.json'), 'utf8')).toContain('refine@1');
});
