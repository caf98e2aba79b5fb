import { type Finish, type Generation, type GenerationRequest, GeneratorError, guessedTokens } from './generator.ts';
import { fitsSchema } from './schema.ts';

/** One choice of an answer or of a piece of one; endpoints differ in what they send. */
interface Choice {
  readonly text?: string | null;
  readonly message?: { readonly content?: string | null; readonly refusal?: string | null };
  readonly delta?: { readonly content?: string | null; readonly refusal?: string | null };
  readonly finish_reason?: string | null;
  readonly logprobs?: {
    readonly content?: readonly { readonly logprob?: number }[] | null;
    readonly token_logprobs?: readonly (number | null)[] | null;
  } | null;
}

/** An answer of a chat or completions endpoint, whole or in pieces. */
export interface OpenaiBody {
  readonly id?: string;
  readonly choices?: readonly Choice[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string } | string;
}

const FINISH: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  content_filter: 'refused',
};

/** Puts an answer together from its body or its pieces. */
export interface AnswerParts {
  add(body: OpenaiBody): void;
  /** True once there is some text. */
  begun(): boolean;
  /** Errors: GeneratorError `bad_answer` for one that is cut, mixed up, or not what was asked for. */
  end(request: GenerationRequest): Generation;
}

export function answerParts(): AnswerParts {
  let [text, refusal, finish, id] = ['', '', null as string | null, null as string | null];
  let usage: OpenaiBody['usage'] = null;
  let logprob: number | null = null;
  const bad = (message: string): GeneratorError => new GeneratorError('bad_answer', message, { usage: billed() });
  const billed = () =>
    usage === null || usage === undefined
      ? null
      : { promptTokens: countOf(usage.prompt_tokens), tokens: countOf(usage.completion_tokens) };
  return {
    begun: () => text !== '' || refusal !== '',
    add(body) {
      if (body.error !== undefined) {
        const said = typeof body.error === 'string' ? body.error : (body.error?.message ?? '');
        throw new GeneratorError('overloaded', `an error in the answer: ${said.slice(0, 200)}`);
      }
      // What comes under another id belongs to another request.
      if (body.id && id && body.id !== id) throw bad(`pieces of two answers (${id} and ${body.id})`);
      id ??= body.id ?? null;
      usage = body.usage ?? usage;
      const choice = body.choices?.[0];
      if (!choice) return;
      const said = choice.message ?? choice.delta ?? {};
      text += choice.text ?? said.content ?? '';
      refusal += said.refusal ?? '';
      finish = choice.finish_reason ?? finish;
      for (const p of choice.logprobs?.content ?? []) logprob = (logprob ?? 0) + (p.logprob ?? 0);
      for (const p of choice.logprobs?.token_logprobs ?? []) logprob = (logprob ?? 0) + (p ?? 0);
    },
    end(request) {
      if (finish === null) throw bad('an answer that does not say why it ended');
      const tokens = billed() ?? {
        promptTokens: request.messages.reduce((n, m) => n + guessedTokens(m.content), 0),
        tokens: guessedTokens(text + refusal),
      };
      const said = refusal !== '' ? 'refused' : (FINISH[finish] ?? 'stop');
      // An answer of as many tokens as were allowed has not ended by itself, whatever the server says.
      const ended = said === 'stop' && tokens.tokens > request.maxTokens ? 'length' : said;
      if (request.schema && ended === 'stop' && !fitsSchema(text, request.schema))
        throw bad('text that is not JSON of the schema asked for');
      return { text: refusal !== '' ? refusal : text, finish: ended, usage: tokens, logprob };
    },
  };
}

const countOf = (n: unknown): number => (typeof n === 'number' && Number.isFinite(n) && n >= 0 ? Math.round(n) : 0);
