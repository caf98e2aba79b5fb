import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Generator } from '../../../src/models/generators/generator.ts';
import { llamaCppGenerator } from '../../../src/models/generators/llama-cpp.ts';
import { localGenerator } from '../../../src/models/generators/local.ts';
import { ownModelHash } from '../../../src/models/generators/own-model.ts';
import { fitsSchema } from '../../../src/models/generators/schema.ts';
import { generationRequest as asked } from '../../helpers/generation-request.ts';
import { hasLlamaCpp, tinyGguf } from '../../helpers/llama-cpp.ts';

const prose = fileURLToPath(new URL('../../../models/prose/', import.meta.url));

describe('a model in GGUF that is not there', () => {
  it('is an error that names the file', () => {
    expect(() => ownModelHash('/nowhere/model.gguf')).toThrow(
      '/nowhere/model.gguf: expected a model in GGUF, got ENOENT',
    );
  });
});

describe.skipIf(!hasLlamaCpp)('llama.cpp in this process', () => {
  let file: string;
  let generator: Generator;
  beforeAll(async () => {
    file = await tinyGguf("{{ bos_token }}{% for m in messages %}{{ m.content | trim }}{{ '\\n' }}{% endfor %}");
    generator = await llamaCppGenerator({ file, api: 'completions', slots: 3, threads: 1 });
  });
  afterAll(async () => {
    await generator.close();
    await rm(dirname(file), { recursive: true });
  });

  it('writes the greedy text that our own graphs write', async () => {
    const prompts = ['The river ran through', 'In the spring the parliament', 'Light is', 'She said that'];
    const own = await localGenerator({ folder: prose, slots: 4 });
    const all = (g: Generator) => Promise.all(prompts.map((p) => g.generate(asked(p, { maxTokens: 32 }))));
    const [theirs, ours] = [await all(generator), await all(own)];
    await own.close();
    expect(theirs.map((a) => a.text)).toEqual(ours.map((a) => a.text));
    expect(theirs.map((a) => a.usage)).toEqual(ours.map((a) => a.usage));
    expect(theirs.every((a) => a.text.length > 40)).toBe(true);
  });

  it('holds an answer to a schema, which this model would never keep to by itself', async () => {
    const schema = {
      type: 'object',
      properties: { kind: { type: 'string', enum: ['river', 'town'] }, deep: { type: 'boolean' } },
      required: ['kind', 'deep'],
      additionalProperties: false,
    };
    const answers = await Promise.all(
      ['The river ran', 'The town lay'].map((p) => generator.generate(asked(p, { schema, maxTokens: 64 }))),
    );
    expect(answers.map((a) => a.finish)).toEqual(['stop', 'stop']);
    expect(answers.map((a) => fitsSchema(a.text, schema))).toEqual([true, true]);
    expect((await generator.generate(asked('The river ran', { maxTokens: 64 }))).text).not.toContain('{');
  });

  it('stops at a text, and draws by a seed', async () => {
    const free = await generator.generate(asked('The history of the town'));
    const word = free.text.trim().split(' ')[4];
    const stopped = await generator.generate(asked('The history of the town', { stop: [word] }));
    expect(stopped).toMatchObject({ finish: 'stop', text: free.text.slice(0, free.text.indexOf(word)) });
    const drawn = (seed: number) => generator.generate(asked('The sea', { temperature: 1, seed, maxTokens: 12 }));
    const [a, b, c] = [await drawn(1), await drawn(1), await drawn(2)];
    expect(a.text).toBe(b.text);
    expect(a.text).not.toBe(c.text);
  });

  it('tells the turns of a chat by the template in the file', async () => {
    const chat = await llamaCppGenerator({ file, slots: 1, threads: 1 });
    const answer = await chat.generate(asked('  The river ran through  '));
    const plain = await generator.generate(asked('The river ran through\n'));
    expect(answer.text).toBe(plain.text);
    expect(chat.model).toMatch(/^prose\.gguf@[0-9a-f]{16}\+chat-[0-9a-f]{8}$/);
    await chat.close();
  });

  it('rejects a prompt that fills its context, and a file that is no model is an error', async () => {
    await expect(generator.generate(asked('word '.repeat(700)))).rejects.toMatchObject({ reason: 'rejected' });
    await expect(llamaCppGenerator({ file: fileURLToPath(import.meta.url) })).rejects.toThrow(
      /expected a model in GGUF/,
    );
  });
});
