import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { saveModel } from '../../src/models/folders/hugging-face.ts';
import { type LanguageModelConfig, modelConfig } from '../../src/models/language-model.ts';
import { newModel } from '../../src/models/new-model.ts';
import { logitsGraph } from '../../src/models/scorers/scoring-graph.ts';
import { intTensor } from '../../src/models/tensor.ts';
import { writeTokenizer } from '../../src/training/tokenize.ts';

// Python with torch and transformers: SLUICE_PYTHON, else python3.
const python = process.env.SLUICE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('../../scripts/make/torch-oracle.py', import.meta.url));
const probe = spawnSync(python, ['-c', 'import torch, transformers'], { encoding: 'utf8' });
const missing = probe.error?.message ?? (probe.status === 0 ? null : probe.stderr.trim().split('\n').at(-1)!);
if (missing !== null)
  console.warn(`skipped: no Python with torch and transformers (${missing}); SLUICE_PYTHON names another`);

const folder = await mkdtemp(join(tmpdir(), 'sluice-transformers-'));
afterAll(() => rm(folder, { recursive: true }));

const shape = { width: 32, layers: 2, heads: 4, vocabulary: 50, context: 48 };
const configs: Readonly<Record<string, LanguageModelConfig>> = {
  gpt2: modelConfig({ ...shape, family: 'gpt2' }),
  neox: { ...modelConfig({ ...shape, family: 'neox', heads: 2 }), parallelResidual: false },
  'llama, grouped queries, tied': modelConfig({ ...shape, family: 'llama', kvHeads: 2, tiedEmbeddings: true }),
  'llama, stretched': {
    ...modelConfig({ ...shape, family: 'llama' }),
    rope: { base: 1e4, fraction: 1, scaling: { kind: 'linear', factor: 2 } },
  },
  qwen2: {
    ...modelConfig({ ...shape, family: 'llama' }),
    biases: { qkv: true, attentionOutput: false, feedForward: false },
  },
};

describe.skipIf(missing !== null)('transformers', () => {
  it('reads the tokenizer of a byte model: ids 0 to 255 are bytes, 256 is put before the text', async () => {
    const path = join(folder, 'bytes');
    const config = modelConfig({ ...shape, vocabulary: 257, bosToken: 256 });
    await saveModel(newModel(config, 1), path);
    await writeTokenizer([], path);
    const texts = ['h\u00e9llo\n <start> x', '', '\u0000\u{1f600}\ufeff\u0085 \r\n\t  '];
    const code =
      'import json, sys; from transformers import AutoTokenizer; t = AutoTokenizer.from_pretrained(sys.argv[1]); ' +
      'print(json.dumps([t.bos_token, t.bos_token_id, len(t)] + [t(s).input_ids for s in json.loads(sys.argv[2])]))';
    const opened = spawnSync(python, ['-c', code, path, JSON.stringify(texts)], { encoding: 'utf8' });
    expect(opened.status, opened.stderr).toBe(0);
    const ids = texts.map((text) => [256, ...Buffer.from(text)]);
    expect(JSON.parse(opened.stdout)).toEqual(['<start>', 256, 257, ...ids]);
  });

  it.each(Object.keys(configs))('opens a saved %s with the same logits', async (name) => {
    const model = newModel(configs[name], 11);
    // Norms and biases that are not all ones and zeros.
    for (const { data } of model.weights.values()) data.set(data.map((x, i) => 3 * x + ((i % 5) - 2) / 20));
    const path = join(folder, name);
    await saveModel(model, path, { shardBytes: 20_000 });
    const tokens = Int32Array.from({ length: 96 }, (_, i) => (i * i + 3 * i) % 50);
    const session = await (await onnxruntimeNode()).open(
      logitsGraph(model.config, { rows: 2, length: 48 }),
      model.weights,
    );
    const feeds = new Map([
      ['tokens', intTensor([2, 48], tokens)],
      [
        'positions',
        intTensor(
          [2, 48],
          tokens.map((_, i) => i % 48),
        ),
      ],
      ['segments', intTensor([2, 48], new Int32Array(96))],
    ]);
    const { data } = (await session.run(feeds)).get('logits')!;
    await session.release();
    const rows = JSON.stringify([[...tokens.subarray(0, 48)], [...tokens.subarray(48)]]);
    const opened = spawnSync(python, [script, 'open', path, rows], { encoding: 'utf8', maxBuffer: 1e8 });
    expect(opened.status, opened.stderr).toBe(0);
    const expected: number[] = JSON.parse(opened.stdout);
    expect(expected).toHaveLength(data.length);
    expect(expected.reduce((worst, x, i) => Math.max(worst, Math.abs(x - data[i])), 0)).toBeLessThan(1e-4);
  });
});
