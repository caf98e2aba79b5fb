import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Generator } from '../../src/models/generators/generator.ts';
import { llamaCppGenerator } from '../../src/models/generators/llama-cpp.ts';
import { localGenerator } from '../../src/models/generators/local.ts';
import { openaiGenerator } from '../../src/models/generators/openai.ts';
import { generationRequest } from '../helpers/generation-request.ts';
import { hasLlamaCpp, tinyGguf } from '../helpers/llama-cpp.ts';
import { startMeter } from '../helpers/metering-server.mjs';

const asked = generationRequest;

const meter = await startMeter({ reply: 'echo' });
afterAll(() => meter.close());
const at = { endpoint: meter.endpoint, model: 'echo' };
const prose = fileURLToPath(new URL('../../models/prose/', import.meta.url));

const made: Readonly<Record<string, () => Promise<Generator>>> = {
  'chat in pieces': async () => openaiGenerator(at),
  'chat whole': async () => openaiGenerator({ ...at, stream: false }),
  completions: async () => openaiGenerator({ ...at, api: 'completions' }),
  'a model in this process': () => localGenerator({ folder: prose, slots: 4 }),
  ...(hasLlamaCpp && {
    'llama.cpp in this process': async () => llamaCppGenerator({ file: await tinyGguf(), slots: 4, threads: 1 }),
  }),
};

describe.each(Object.entries(made))('generator: %s', (_, make) => {
  const opened = make();
  afterAll(async () => (await opened).close());

  it('answers, says how it ended and what it takes', async () => {
    const generator = await opened;
    let first = 0;
    const answer = await generator.generate(asked('The river ran slowly through the old town, and'), {
      onFirstToken: () => first++,
    });
    expect(answer.text.length).toBeGreaterThan(3);
    expect(['stop', 'length']).toContain(answer.finish);
    expect(answer.usage.promptTokens).toBeGreaterThan(5);
    expect(answer.usage.tokens).toBeGreaterThan(0);
    expect(first).toBe(1);
  });

  it('ends at the limit, and says so', async () => {
    const answer = await (await opened).generate(asked('Once upon a time there was a king who', { maxTokens: 3 }));
    expect(answer.finish).toBe('length');
    expect(answer.usage.tokens).toBeLessThanOrEqual(3);
    expect(answer.usage.tokens).toBeGreaterThan(1);
  });

  it('gives the same answer to the same request, whatever else is asked at once', async () => {
    const generator = await opened;
    const prompts = ['The house stood', 'In the year 1850', 'Water is', 'She said that', 'On the table', 'The law of'];
    const alone: string[] = [];
    for (const p of prompts) alone.push((await generator.generate(asked(p, { maxTokens: 8 }))).text);
    const together = await Promise.all(prompts.map((p) => generator.generate(asked(p, { maxTokens: 8 }))));
    expect(together.map((a) => a.text)).toEqual(alone);
    expect(new Set(alone).size).toBe(prompts.length);
  });

  it('lets go of a request that nobody waits for', async () => {
    const generator = await opened;
    const gone = new AbortController();
    gone.abort(new Error('nobody waits'));
    await expect(generator.generate(asked('The end'), { signal: gone.signal })).rejects.toThrow('nobody waits');
    expect((await generator.generate(asked('The end of the'))).text).not.toBe('');
  });
});
