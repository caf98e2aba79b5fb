import { afterEach, describe, expect, it } from 'vitest';
import type { GenerationRequest } from '../../../src/models/generators/generator.ts';
import { type OpenaiOptions, openaiGenerator } from '../../../src/models/generators/openai.ts';
import { secretOf } from '../../../src/models/generators/secrets.ts';
import { type MeterBody, startMeter, type Told } from '../../helpers/metering-server.mjs';

const asked: GenerationRequest = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Say it again.' },
  ],
  schema: null,
  temperature: 0.5,
  topP: 0.9,
  stop: ['END'],
  seed: 7,
  maxTokens: 50,
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  delete process.env.TEST_KEY;
});

async function told(answer: Told | null, more: Partial<OpenaiOptions> = {}) {
  const bodies: MeterBody[] = [];
  const server = await startMeter({
    reply: 'echo',
    script: (_, body) => {
      bodies.push(body);
      return answer;
    },
  });
  const generator = openaiGenerator({ endpoint: server.endpoint, model: 'm', ...more });
  closing.push(() => generator.close(), server.close);
  return { generator, bodies, server };
}

describe('an endpoint', () => {
  it('is sent the whole request', async () => {
    const { generator, bodies } = await told(null, { logprobs: true });
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    await expect(generator.generate({ ...asked, schema, sample: 2 })).rejects.toMatchObject({ reason: 'bad_answer' });
    const answer = await generator.generate(asked);
    expect(answer.logprob).toBe(-1);
    expect(bodies[0]).toEqual({
      model: 'm',
      messages: asked.messages,
      logprobs: true,
      max_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      seed: 9,
      stop: ['END'],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it.each<[string, Told, object]>([
    ['a limit', { status: 429, headers: { 'retry-after': '3' } }, { reason: 'rate_limited', retryAfterMs: 3000 }],
    [
      'too much to do',
      { status: 503, headers: { 'retry-after-ms': '40' } },
      { reason: 'overloaded', retryAfterMs: 40 },
    ],
    ['a bad request', { status: 400, body: '{"error":{"message":"too long"}}' }, { reason: 'rejected' }],
    ['no such model', { status: 404 }, { reason: 'setup' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { reason: 'rejected' }],
    ['a connection that breaks', { cut: true }, { reason: 'connection' }],
    ['half a JSON', { raw: '{"id":"a","choices":[{"message":{"content":"ha' }, { reason: 'bad_answer' }],
    ['pieces of two answers', { otherId: 'b' }, { reason: 'bad_answer' }],
    ['an error with status 200', { raw: '{"error":{"message":"no room"}}' }, { reason: 'overloaded' }],
  ])('that answers with %s is told apart', async (_, answer, error) => {
    const { generator } = await told(answer);
    await expect(generator.generate(asked)).rejects.toMatchObject(error);
  });

  it('that is silent is given up after the time allowed', async () => {
    const { generator } = await told({ hang: true }, { timeoutSeconds: 0.05 });
    await expect(generator.generate(asked)).rejects.toMatchObject({ reason: 'timeout' });
  });

  it('that bills more tokens than were allowed has not ended by itself', async () => {
    const { generator } = await told({ tokens: 51, finish: 'stop' });
    expect(await generator.generate(asked)).toMatchObject({ finish: 'length', usage: { tokens: 51 } });
  });

  it('that will not answer refuses', async () => {
    const { generator } = await told({ finish: 'content_filter' });
    expect(await generator.generate(asked)).toMatchObject({ finish: 'refused' });
  });

  it('that sends without end is cut off', async () => {
    const { generator } = await told({ raw: 'x'.repeat(400_000) });
    await expect(generator.generate(asked)).rejects.toMatchObject({ reason: 'bad_answer' });
  });

  it('gets the key of the environment, which stands in no error and no answer', async () => {
    process.env.TEST_KEY = 'sk-very-secret';
    const key = secretOf('TEST_KEY');
    const { generator, server } = await told(
      { status: 401, body: '{"error":{"message":"bad key sk-very-secret"}}' },
      { key },
    );
    const error = await generator.generate(asked).catch((e: Error) => e);
    expect(error).toMatchObject({ reason: 'key', message: 'status 401' });
    expect(Object.keys(server.meter.keys)).toEqual(['Bearer sk-very-secret']);
    const echo = await told({ text: 'your key is sk-very-secret' }, { key });
    expect((await echo.generator.generate(asked)).text).toBe('your key is [key]');
    const rejecting = await told({ status: 400, body: '{"error":{"message":"sk-very-secret is odd"}}' }, { key });
    await expect(rejecting.generator.generate(asked)).rejects.toThrow('status 400: [key] is odd');
    expect(JSON.stringify(key)).not.toContain('secret');
  });

  it('has an address without secrets, and https for a key', () => {
    process.env.TEST_KEY = 'k';
    const key = secretOf('TEST_KEY');
    const at =
      (endpoint: string, more = {}) =>
      () =>
        openaiGenerator({ endpoint, model: 'm', ...more });
    expect(at('localhost:8000')).toThrow(/Only http and https/);
    expect(at('not an address')).toThrow(/with http:\/\/ or https:\/\/ in front/);
    expect(at('https://me:word@host/v1')).toThrow(/a name, a password or a query/);
    expect(at('https://host/v1?key=1')).toThrow(/a name, a password or a query/);
    expect(at('http://example.org/v1', { key })).toThrow(/use https/);
    expect(at('https://example.org/v1', { key })).not.toThrow();
    expect(() => secretOf('NO_SUCH_KEY')).toThrow(/environment variable NO_SUCH_KEY, got no such variable/);
  });
});
