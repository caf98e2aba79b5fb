// What asking a generator costs in idle slots: `npm run bench:generate [-- --requests 1000 --concurrency 32]`, and how
// fast a model in this process writes (`-- --local`: that alone). A server
// that bills runs in a process of its own; answers go to a store on disk as in a run.
//   random   answers take 10 to 2,000 ms, 5 % of the requests fail: share of the slots in use
//   storms   a third of the requests are told to come back later (429)
//   silent   a server with 8 slots that queues without a word: how many are out, and what the first token waits
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openAnswerStore } from '../../src/models/generators/answer-store.ts';
import { openAsker } from '../../src/models/generators/asker.ts';
import { localGenerator } from '../../src/models/generators/local.ts';
import { openaiGenerator } from '../../src/models/generators/openai.ts';
import type { MeterOptions } from '../../test/helpers/metering-server.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '32' },
    local: { type: 'boolean', default: false },
  },
});
const requests = Number(values.requests);
const concurrency = Number(values.concurrency);
const folder = await mkdtemp(join(tmpdir(), 'sluice-generate-'));

interface Meter {
  readonly requests: number;
  readonly billed: Readonly<Record<string, number>>;
  readonly most: number;
  readonly promptTokens: number;
  readonly tokens: number;
}

async function withServer<T>(
  options: Omit<MeterOptions, 'script'>,
  work: (endpoint: string) => Promise<T>,
): Promise<[T, Meter]> {
  const file = new URL('../../test/helpers/metering-server.mjs', import.meta.url).pathname;
  const server = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise<string>((resolve) => server.stdout.once('data', (d) => resolve(String(d).trim())));
    const result = await work(`http://127.0.0.1:${port}/v1`);
    const meter = (await (await fetch(`http://127.0.0.1:${port}/meter`)).json()) as Meter;
    return [result, meter];
  } finally {
    server.kill();
  }
}

async function ask(endpoint: string, name: string, count: number) {
  const store = await openAnswerStore(join(folder, name));
  const generator = openaiGenerator({ endpoint, model: 'm' });
  const asker = openAsker({ step: name, generator, store, concurrency, retries: 20 });
  const before = performance.now();
  const limits: number[] = [];
  const outcomes = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const outcome = await asker.ask({
        owner: `${i}`,
        request: {
          messages: [{ role: 'user', content: `Say number ${i} again, and all that belongs to it.` }],
          ...{ schema: null, temperature: 0, topP: 1, stop: [], seed: 1, maxTokens: 200 },
        },
      });
      limits.push(asker.status().limit);
      return outcome;
    }),
  );
  const seconds = (performance.now() - before) / 1000;
  const status = asker.status();
  await generator.close();
  await store.close();
  const answered = outcomes.filter((o) => o.status === 'answered').length;
  return { answered, seconds, status, limits };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const twice = (meter: Meter): number => Object.values(meter.billed).filter((n) => n > 1).length;

async function servers(): Promise<void> {
  const [random, randomMeter] = await withServer({ latency: [10, 2000], faults: 0.05, seed: 3 }, (endpoint) =>
    ask(endpoint, 'random', requests),
  );
  console.log(
    `random: ${random.answered} of ${requests} answered in ${random.seconds.toFixed(1)} s, ` +
      `${random.status.sent} sent, slots in use ${percent(random.status.busy)} of the limit at the ` +
      `time, at most ${randomMeter.most} at the ` +
      `server; prompts billed twice: ${twice(randomMeter)}`,
  );
  const storms = { latency: [10, 200] as const, limited: 0.33, faults: 0.05, seed: 4 };
  const [storm, stormMeter] = await withServer(storms, (endpoint) => ask(endpoint, 'storm', requests));
  console.log(
    `storms: ${storm.answered} of ${requests} answered in ${storm.seconds.toFixed(1)} s, ${storm.status.sent} sent, ` +
      `slots in use ${percent(storm.status.busy)}; prompts billed twice: ${twice(stormMeter)}`,
  );
  const [silent, silentMeter] = await withServer({ latency: [60, 100], capacity: 8, seed: 5 }, (endpoint) =>
    ask(endpoint, 'silent', 3 * requests),
  );
  const late = silent.limits.slice(silent.limits.length >> 1);
  const ideal = (3 * requests * 0.08) / 8;
  console.log(
    `silent: ${silent.answered} of ${3 * requests} answered in ${silent.seconds.toFixed(1)} s (at the best ` +
      `${ideal.toFixed(1)} s), ${(late.reduce((a, b) => a + b, 0) / late.length).toFixed(1)} out at once in ` +
      `the second half where 8 have room and ${concurrency} were allowed; prompts billed twice: ${twice(silentMeter)}`,
  );
}

if (!values.local) await servers();
await rm(folder, { recursive: true });

// A model in this process, and the same with transformers in one run: SLUICE_PYTHON names a Python that has it.
const model = fileURLToPath(new URL('../../models/prose/', import.meta.url));
const PROMPTS = ['The river ran through', 'In 1848 the parliament', 'To install the package,', 'Light is'];
const TEXTS = 64;
const TOKENS = 64;
const local = await localGenerator({ folder: model, slots: 16 });
const write = (n: number) =>
  Promise.all(
    Array.from({ length: n }, (_, i) =>
      local.generate({
        messages: [{ role: 'user', content: PROMPTS[i % PROMPTS.length] }],
        ...{ schema: null, temperature: 0, topP: 1, stop: [], seed: 1, maxTokens: TOKENS },
      }),
    ),
  );
await write(4);
const began = performance.now();
const written = await write(TEXTS);
const took = (performance.now() - began) / 1000;
const all = written.reduce((n, g) => n + g.usage.tokens, 0);
console.log(
  `local:  ${TEXTS} texts, ${all} tokens in ${took.toFixed(1)} s: ${(all / took).toFixed(0)} tokens/s, 16 at once`,
);
await local.close();
const CODE = `
import sys, time, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
path, texts, tokens, *prompts = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(path)
total = 0
begun = None
for turn in range(int(texts) // 16 + 1):
    ids = [tokenizer(prompts[i % len(prompts)]).input_ids for i in range(16)]
    longest = max(len(i) for i in ids)
    rows = torch.tensor([[0] * (longest - len(i)) + i for i in ids])
    mask = torch.tensor([[0] * (longest - len(i)) + [1] * len(i) for i in ids])
    out = model.generate(rows, attention_mask=mask, do_sample=False, max_new_tokens=int(tokens), pad_token_id=0)
    if turn == 0:
        begun = time.time()
        continue
    total += (out.shape[1] - longest) * 16
print(f'{total / (time.time() - begun):.0f} tokens/s, {torch.get_num_threads()} threads')
`;
if (process.env.SLUICE_PYTHON) {
  const args = ['-c', CODE, model, String(TEXTS), String(TOKENS), ...PROMPTS];
  const theirs = spawnSync(process.env.SLUICE_PYTHON, args, { encoding: 'utf8' });
  console.log(`torch:  ${theirs.status === 0 ? theirs.stdout.trim() : theirs.stderr.trim().split('\n').at(-1)}`);
}
