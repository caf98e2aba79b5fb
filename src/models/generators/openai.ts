import { ConfigError } from '../../errors.ts';
import { eventReader } from './event-stream.ts';
import { type FailureReason, type GenerationRequest, type Generator, GeneratorError } from './generator.ts';
import { type HttpAnswer, type HttpClient, httpClient } from './http-post.ts';
import { answerParts, type OpenaiBody } from './openai-answer.ts';
import type { Secret } from './secrets.ts';

export interface OpenaiOptions {
  /** Address before `/chat/completions`: `http://127.0.0.1:8000/v1`. */
  readonly endpoint: string;
  readonly model: string;
  /** `completions` for models without a chat template: the messages are joined to one prompt. Default `chat`. */
  readonly api?: 'chat' | 'completions';
  /** null: no key is sent. */
  readonly key?: Secret | null;
  /** Ask for the answer in pieces, so that the time to the first token is known. Default true. */
  readonly stream?: boolean;
  /** Longest silence of the server. Default 120 s. */
  readonly timeoutSeconds?: number;
  /** Ask for log-probabilities, where the server has them. Default false. */
  readonly logprobs?: boolean;
  readonly client?: HttpClient;
}

/**
 * Any server that speaks the chat or completions API of OpenAI: vLLM, SGLang, llama.cpp, Ollama, hosted services. One
 * try a call; no client library that would try again behind our back. Errors: ConfigError for an address that is none
 * or that has a secret in it.
 */
export function openaiGenerator(options: OpenaiOptions): Generator {
  const { model, api = 'chat', key = null, stream = true, timeoutSeconds = 120, logprobs = false } = options;
  const url = addressOf(options.endpoint, api === 'chat' ? 'chat/completions' : 'completions', key);
  const client = options.client ?? httpClient();
  return {
    model,
    slots: null,
    async generate(request, { signal, onFirstToken } = {}) {
      const parts = answerParts();
      const whole: Buffer[] = [];
      let streamed = false;
      const take = (body: OpenaiBody): void => {
        const before = parts.begun();
        parts.add(body);
        if (!before && parts.begun()) onFirstToken?.();
      };
      const events = eventReader((data) => {
        if (data.trim() !== '[DONE]') take(parsed(data));
      });
      try {
        const answer = await client.send({
          method: 'POST',
          url,
          headers: headersOf(key, stream),
          body: JSON.stringify(bodyOf(request, { model, api, stream, logprobs })),
          signal,
          timeoutMs: 1000 * timeoutSeconds,
          maxBytes: 65_536 + 2048 * request.maxTokens,
          onPiece: stream
            ? (piece, { headers }) => {
                streamed ||= /event-stream/.test(headers['content-type'] ?? '');
                if (streamed) events(piece);
                else whole.push(piece);
              }
            : undefined,
        });
        if (answer.status !== 200) throw failureOf(answer);
        if (!streamed) take(parsed(whole.length > 0 ? Buffer.concat(whole).toString('utf8') : answer.body));
        const generation = parts.end(request);
        return { ...generation, text: key ? key.hide(generation.text) : generation.text };
      } catch (error) {
        throw hidden(error, key);
      }
    },
    close: async () => client.close(),
  };
}

/** The address of a call below an endpoint. */
export function addressOf(endpoint: string, path: string, key: Secret | null): URL {
  const wrong = (got: string, fix: string): ConfigError =>
    new ConfigError({ expected: 'the address of an endpoint, such as http://127.0.0.1:8000/v1', got, fix });
  if (!URL.canParse(endpoint)) throw wrong(`'${endpoint}'`, 'Give it with http:// or https:// in front.');
  const url = new URL(endpoint);
  if (!/^https?:$/.test(url.protocol)) throw wrong(url.protocol, 'Only http and https are spoken.');
  if (url.username !== '' || url.password !== '' || url.search !== '')
    throw wrong('one with a name, a password or a query in it', 'Name a variable that holds the key with key_from.');
  if (key && url.protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(url.hostname))
    throw wrong(`http://${url.hostname} and a key`, 'Over plain http anybody between reads the key: use https.');
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

export const headersOf = (key: Secret | null, stream = false): Record<string, string> => ({
  'content-type': 'application/json',
  accept: stream ? 'text/event-stream, application/json' : 'application/json',
  ...key?.use((value) => ({ authorization: `Bearer ${value}` })),
});

interface BodyOptions {
  readonly model: string;
  readonly api: 'chat' | 'completions';
  readonly stream: boolean;
  readonly logprobs: boolean;
}

/** What is sent; also the body of a line of a batch. */
export function bodyOf(request: GenerationRequest, { model, api, stream, logprobs }: BodyOptions) {
  const { messages, schema, temperature, topP, stop, seed, maxTokens } = request;
  const asked =
    api === 'chat'
      ? { messages, ...(logprobs && { logprobs: true }) }
      : { prompt: messages.map((m) => m.content).join('\n\n'), ...(logprobs && { logprobs: 1 }) };
  return {
    model,
    ...asked,
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    ...(seed !== null && { seed: (seed + (request.sample ?? 0)) % 2 ** 31 }),
    ...(stop.length > 0 && { stop }),
    ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } }),
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  };
}

function parsed(text: string): OpenaiBody {
  try {
    return JSON.parse(text) as OpenaiBody;
  } catch (cause) {
    throw new GeneratorError('bad_answer', 'an answer that is not JSON', { cause });
  }
}

const REASONS: Readonly<Record<number, FailureReason>> = {
  401: 'key',
  403: 'key',
  402: 'key',
  404: 'setup',
  405: 'setup',
  408: 'timeout',
  409: 'overloaded',
  425: 'overloaded',
  429: 'rate_limited',
};

/** What a status that is not 200 means. A body of 401 or 403 is not repeated: it may quote the key in part. */
export function failureOf({ status, headers, body }: HttpAnswer): GeneratorError {
  const reason = REASONS[status] ?? (status >= 500 ? 'overloaded' : 'rejected');
  const said = reason === 'key' ? '' : messageIn(body);
  const after = Number(headers['retry-after-ms'] ?? Number.NaN);
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  const date = Date.parse(headers['retry-after'] ?? '');
  const retryAfterMs = [after, 1000 * seconds, date - Date.now()].find((ms) => Number.isFinite(ms)) ?? null;
  return new GeneratorError(reason, `status ${status}${said === '' ? '' : `: ${said}`}`, {
    retryAfterMs: retryAfterMs === null ? null : Math.max(0, retryAfterMs),
  });
}

function messageIn(body: string): string {
  const found = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body;
  return found.replace(/\s+/g, ' ').slice(0, 200);
}

/** The same error without the key, and without what Node keeps of the request. */
function hidden(error: unknown, key: Secret | null): unknown {
  if (!(error instanceof GeneratorError)) return error;
  const { reason, retryAfterMs, usage, message } = error;
  return new GeneratorError(reason, key ? key.hide(message) : message, { retryAfterMs, usage });
}
