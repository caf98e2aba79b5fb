import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { startMeter } from '../../helpers/metering-server.mjs';
import { temporaryFolder } from '../../helpers/run.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const text = (i: number): string =>
  `Number ${i}: the miller of the valley ground his corn at night, because the river ran fuller when nobody ` +
  'upstream was watering gardens. His neighbours heard the stones and slept badly.';

it('an endpoint and a model as flags: plan asks nobody, run says what it took, explain walks both ways', async () => {
  const cwd = await temporaryFolder();
  const server = await startMeter();
  closing.push(server.close);
  writeFileSync(join(cwd, 'in.jsonl'), jsonLines([1, 2, 3].map((i) => ({ id: `d${i}`, text: text(i) }))));
  const at = ['rephrase', '--input', 'in.jsonl', '--endpoint', server.endpoint, '--model', 'm'];
  const plan = await runCli(['plan', ...at], { cwd });
  expect([plan.code, server.meter.requests]).toEqual([0, 0]);
  expect(plan.stdout).toContain('rephrase');
  const ran = await runCli(['run', ...at, '--set', 'rephrase.styles=easy,qa', '--set', 'rephrase.answer_price=3'], {
    cwd,
  });
  expect(ran.stderr).toMatch(/rephrase: 6 answers, [\d,]+ tokens so far, cost 0\.00\d+, slots busy/);
  expect([ran.code, server.meter.requests]).toEqual([0, 6]);
  expect(ran.stdout).toContain('kept 9 of 9 documents (3 read, 6 created), 100 %');
  const source = await runCli(['explain', 'sluice-out/rephrase', 'd2'], { cwd });
  expect(source.stdout).toMatch(/2 documents created from it: d2\+1/);
  const rewrite = await runCli(['explain', 'sluice-out/rephrase', 'd2+1'], { cwd });
  expect(rewrite.stdout).toMatch(/Created from d2 \(in\.jsonl#0\.\d+\)\s+by m/);
});

it('a recipe without a generator has no use for an endpoint, and an endpoint wants a model', async () => {
  const cwd = await temporaryFolder();
  writeFileSync(join(cwd, 'in.jsonl'), jsonLines([{ id: 'd', text: text(1) }]));
  const none = await runCli(['run', 'dedup', '--input', 'in.jsonl', '--endpoint', 'http://127.0.0.1:9/v1'], { cwd });
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('a recipe with a step that has a generator');
  const nameless = await runCli(['run', 'rephrase', '--input', 'in.jsonl', '--endpoint', 'http://127.0.0.1:9/v1'], {
    cwd,
  });
  expect(nameless.code).toBe(2);
  expect(nameless.stderr).toMatch(/model of step rephrase[\s\S]*--model NAME/);
});
