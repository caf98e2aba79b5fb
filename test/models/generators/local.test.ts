import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { cachedGraph, emptyCache } from '../../../src/models/generators/cached-graph.ts';
import { chooseToken } from '../../../src/models/generators/choose-token.ts';
import type { GenerationRequest } from '../../../src/models/generators/generator.ts';
import { localGenerator } from '../../../src/models/generators/local.ts';
import { type LanguageModelConfig, modelConfig } from '../../../src/models/language-model.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { logitsGraph } from '../../../src/models/scorers/scoring-graph.ts';
import { modelFolderInfo } from '../../../src/models/scorers/scoring-model.ts';
import { intTensor } from '../../../src/models/tensor.ts';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import { seededRandom } from '../../../src/random.ts';
import { generationRequest } from '../../helpers/generation-request.ts';

const prose = fileURLToPath(new URL('../../../models/prose/', import.meta.url));

const asked = (content: string, more: Partial<GenerationRequest> = {}): GenerationRequest =>
  generationRequest(content, { maxTokens: 48, ...more });

const shape = { width: 32, layers: 2, heads: 4, vocabulary: 50, context: 48 };
const configs: Readonly<Record<string, LanguageModelConfig>> = {
  gpt2: modelConfig({ ...shape, family: 'gpt2' }),
  neox: modelConfig({ ...shape, family: 'neox', heads: 2 }),
  'llama, grouped queries': modelConfig({ ...shape, family: 'llama', kvHeads: 2, tiedEmbeddings: true }),
};

describe('a graph with a cache', () => {
  it.each(Object.keys(configs))('gives the logits of the whole row, token by token: %s', async (name) => {
    const config = configs[name];
    const model = newModel(config, 5);
    const executor = await onnxruntimeNode();
    const length = 20;
    const random = seededRandom(4);
    const rows = [0, 1].map(() => Int32Array.from({ length }, () => random.below(config.vocabulary)));
    const whole = await executor.open(logitsGraph(config, { rows: 2, length }), model.weights);
    const positions = Int32Array.from({ length: 2 * length }, (_, i) => i % length);
    const all = await whole.run(
      new Map([
        ['tokens', intTensor([2, length], Int32Array.from([...rows[0], ...rows[1]]))],
        ['positions', intTensor([2, length], positions)],
        ['segments', intTensor([2, length], new Int32Array(2 * length))],
      ]),
    );
    const wanted = all.get('logits')!.data as Float32Array;
    const size = { rows: 2, length: 32 };
    const session = await executor.open(
      cachedGraph(config, size),
      new Map([...model.weights, ...emptyCache(config, size)]),
    );
    // The second row begins 6 steps late, in a place that another text has used.
    const late = 6;
    for (let step = 0; step < length + late; step++) {
      const at = [Math.min(step, length - 1), step < late ? step : step - late];
      const tokens = [rows[0][at[0]], step < late ? 7 : rows[1][at[1]]];
      const out = await session.run(
        new Map([
          ['tokens', intTensor([2, 1], Int32Array.from(tokens))],
          ['positions', intTensor([2, 1], Int32Array.from(at))],
        ]),
      );
      const logits = out.get('logits')!.data as Float32Array;
      const v = config.vocabulary;
      const check = (row: number, place: number): void => {
        const own = wanted.subarray((row * length + place) * v, (row * length + place + 1) * v);
        const worst = own.reduce((m, x, i) => Math.max(m, Math.abs(x - logits[row * v + i])), 0);
        expect(worst).toBeLessThan(1e-4);
      };
      if (step < length) check(0, step);
      if (step >= late) check(1, step - late);
    }
    await Promise.all([whole.release(), session.release()]);
  });
});

describe('the next token', () => {
  it('is the most likely one at temperature 0, and drawn by its probability else', () => {
    const logits = Float32Array.of(1, 3, 2, -50);
    const random = seededRandom(1);
    expect(chooseToken(logits, { temperature: 0, topP: 1 }, random)).toBe(1);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[chooseToken(logits, { temperature: 1, topP: 1 }, random)]++;
    for (const [i, share] of [0.09, 0.665, 0.245, 0].entries())
      expect(Math.abs(counts[i] / 4000 - share)).toBeLessThan(0.03);
    const few = new Set(Array.from({ length: 500 }, () => chooseToken(logits, { temperature: 1, topP: 0.8 }, random)));
    expect([...few].sort()).toEqual([1, 2]);
  });
});

describe('a model that writes in this process', () => {
  it('stops at a text, which is no part of the answer', async () => {
    const generator = await localGenerator({ folder: prose, slots: 2 });
    const free = await generator.generate(asked('The history of the town'));
    const word = free.text.trim().split(' ')[4];
    const stopped = await generator.generate(asked('The history of the town', { stop: [word] }));
    expect(stopped).toMatchObject({ finish: 'stop', text: free.text.slice(0, free.text.indexOf(word)) });
    await generator.close();
  });

  it('draws by a seed', async () => {
    const generator = await localGenerator({ folder: prose, slots: 4 });
    const of = (seed: number) => generator.generate(asked('The sea', { temperature: 1, seed, maxTokens: 12 }));
    const [a, b, c] = await Promise.all([of(1), of(1), of(2)]);
    expect(a.text).toBe(b.text);
    expect(a.text).not.toBe(c.text);
    await generator.close();
  });

  it('rejects a prompt that fills its context', async () => {
    const generator = await localGenerator({ folder: prose, slots: 1 });
    await expect(generator.generate(asked('word '.repeat(700)))).rejects.toMatchObject({ reason: 'rejected' });
    await generator.close();
  });
});

const python = process.env.SLUICE_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import torch, transformers'], { encoding: 'utf8' });
const missing = probe.error?.message ?? (probe.status === 0 ? null : probe.stderr.trim().split('\n').at(-1)!);
if (missing !== null)
  console.warn(`skipped: no Python with torch and transformers (${missing}); SLUICE_PYTHON names another`);

const CODE = `
import json, sys, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
out = []
for ids in json.loads(sys.argv[2]):
    got = model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=48, pad_token_id=0)
    out.append(got[0, len(ids):].tolist())
print(json.dumps(out))
`;

describe.skipIf(missing !== null)('greedy text', () => {
  it('is that of transformers', async () => {
    const tokenizer = await loadTokenizer(prose);
    const { start } = modelFolderInfo(prose);
    const prompts = ['The river ran through', 'In 1848 the parliament', 'To install the package,', 'Light is'];
    const ids = prompts.map((p) => [start!, ...tokenizer.encode(Buffer.from(p))]);
    const ran = spawnSync(python, ['-c', CODE, prose, JSON.stringify(ids)], { encoding: 'utf8' });
    expect(ran.status, ran.stderr).toBe(0);
    const theirs = (JSON.parse(ran.stdout) as number[][]).map((all) => {
      const end = all.indexOf(start!);
      return tokenizer.decode(end < 0 ? all : all.slice(0, end));
    });
    const generator = await localGenerator({ folder: prose, slots: 4 });
    const ours = await Promise.all(prompts.map((p) => generator.generate(asked(p))));
    await generator.close();
    expect(ours.map((o) => o.text)).toEqual(theirs);
    expect(theirs.every((t) => t.length > 40)).toBe(true);
  });
});
