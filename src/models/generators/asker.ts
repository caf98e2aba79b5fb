import { seededRandom } from '../../random.ts';
import type { AnsweredRecord, RejectedRecord } from './answer-lines.ts';
import { type AnswerStore, requestKey } from './answer-store.ts';
import { type Breaker, openBreaker } from './breaker.ts';
import { type BudgetOptions, costOf, NO_USAGE, type Prices, tokenBudget, usageSum } from './budget.ts';
import { type Clock, realClock } from './clock.ts';
import {
  FATAL,
  type Finish,
  type GenerationRequest,
  type Generator,
  GeneratorError,
  mostPromptTokens,
  PASSING,
  type Usage,
} from './generator.ts';
import { openPace, type Pace } from './pace.ts';

/** A request, and the document that it is asked for. */
export interface Asked {
  readonly request: GenerationRequest;
  /** Label of its position: costs are those of the document for which an answer was paid first. */
  readonly owner: string;
}

/** What came of a request. */
export interface Outcome {
  /**
   * `answered`; `refused` by the generator; `rejected`: it does not take the request; `unasked`: the budget is spent;
   * `later`: no answer now, the next start asks again.
   */
  readonly status: 'answered' | 'refused' | 'rejected' | 'unasked' | 'later';
  readonly text: string;
  readonly finish: Finish | null;
  /** Why there is no answer. */
  readonly reason: string | null;
  /** Hash of model, prompt, schema and parameters: its name in the store. */
  readonly key: string;
  readonly usage: Usage;
  /** Of this answer and of the attempts before it; 0 where another document has paid for it. */
  readonly cost: number;
}

/** Where a step stands. */
export interface AskerStatus {
  /** Requests that were sent by this process, tries again included. */
  readonly sent: number;
  readonly answered: number;
  /** Answers that were there already. */
  readonly reused: number;
  readonly refused: number;
  readonly rejected: number;
  readonly unasked: number;
  readonly later: number;
  readonly out: number;
  readonly limit: number;
  /** Billed in all starts, and of that for nothing. */
  readonly spent: Usage;
  readonly wasted: Usage;
  readonly cost: number;
  /** Attempts of earlier starts whose answer a kill cut off: they may have been billed. */
  readonly cutOff: number;
  /** Share of the slots in use while there was something to ask. */
  readonly busy: number;
  /** Why nothing is asked any more; null: it is. */
  readonly stopped: string | null;
}

export interface AskerOptions {
  readonly step: string;
  readonly generator: Generator;
  readonly store: AnswerStore;
  readonly prices?: Prices;
  /** Of all starts together. */
  readonly budget?: Pick<BudgetOptions, 'tokens' | 'cost'>;
  /** Requests at once, at most. Default 32, or the slots of the generator. */
  readonly concurrency?: number;
  readonly requestsPerMinute?: number | null;
  readonly tokensPerMinute?: number | null;
  /** Tries after the first that failed. Default 5. */
  readonly retries?: number;
  readonly clock?: Clock;
  /** Of the jitter. Default 1. */
  readonly seed?: number;
  readonly breaker?: Breaker;
}

/** Asks a generator for many documents at once, and pays for nothing twice. */
export interface Asker {
  /** Errors: the reason of the signal, and what ends the run (a full disk). Failures of the generator are outcomes. */
  ask(asked: Asked, signal?: AbortSignal): Promise<Outcome>;
  status(): AskerStatus;
}

const FIRST_WAIT_MS = 500;
const TOLD_WAIT_MS = 50;
const LONGEST_WAIT_MS = 60_000;
/** A server that wants to be left alone for longer is not waited for. */
const PATIENCE_MS = 10 * 60_000;
/** Refusals for lack of room are no failures: so many of them are waited for. */
const CROWDED_TRIES = 40;

export function openAsker(options: AskerOptions): Asker {
  const { generator, store, step, retries = 5, clock = realClock } = options;
  const prices = options.prices ?? { promptMillion: 0, answerMillion: 0 };
  const random = seededRandom(options.seed ?? 1, 'jitter');
  const before = store.spentBefore(step);
  const budget = tokenBudget({
    tokens: options.budget?.tokens ?? null,
    cost: options.budget?.cost ?? null,
    prices,
    spent: usageSum(before.billed, before.unknown),
  });
  const pace: Pace = openPace({
    most: generator.slots ?? options.concurrency ?? 32,
    fixed: generator.slots !== null,
    requestsPerMinute: options.requestsPerMinute,
    tokensPerMinute: options.tokensPerMinute,
    clock,
  });
  const breaker = options.breaker ?? openBreaker({ clock });
  const counts = { sent: 0, answered: 0, reused: 0, refused: 0, rejected: 0, unasked: 0, later: 0 };
  let wasted = before.wasted;
  /** By key and limit: documents with the same text wait for one answer. */
  const asking = new Map<string, Promise<Outcome>>();

  const outcomeOf = (key: string, owner: string, record: AnsweredRecord | RejectedRecord): Outcome => {
    if (record.type === 'rejected')
      return { status: 'rejected', text: '', finish: null, reason: record.reason, key, usage: NO_USAGE, cost: 0 };
    const { text, finish, usage } = record;
    const cost = record.owner === owner ? costOf(usageSum(usage, record.wasted), prices) : 0;
    const refused = finish === 'refused';
    const reason = refused ? 'the generator refused' : null;
    return { status: refused ? 'refused' : 'answered', text, finish, reason, key, usage, cost };
  };
  const none = (status: 'unasked' | 'later', key: string, reason: string): Outcome => {
    counts[status]++;
    return { status, text: '', finish: null, reason, key, usage: NO_USAGE, cost: 0 };
  };

  const wait = (tries: number, error: GeneratorError, signal?: AbortSignal): Promise<void> => {
    // A server that says when it wants to be asked again knows better, at first.
    const first = error.retryAfterMs === null ? FIRST_WAIT_MS : TOLD_WAIT_MS;
    const ms = Math.min(LONGEST_WAIT_MS, first * 2 ** tries);
    return clock.wait(Math.max(error.retryAfterMs ?? 0, ms * (0.5 + random.uniform())), signal);
  };

  /** One attempt: the outcome, or the error that it came to. */
  const attempt = async (
    { request, owner }: Asked,
    key: string,
    signal?: AbortSignal,
  ): Promise<Outcome | GeneratorError> => {
    const most = { promptTokens: mostPromptTokens(request.messages), tokens: request.maxTokens };
    if (!budget.reserve(most)) return none('unasked', key, 'the budget is spent');
    let billed: Usage | null = null;
    let took: number | null = null;
    try {
      const turn = await pace.enter(most.promptTokens + most.tokens, signal);
      const number = store.attempts(key);
      try {
        await store.append({ type: 'intent', key, attempt: number, step, owner, most });
        counts.sent++;
        const answer = await generator.generate(request, { signal });
        turn.answered();
        billed = answer.usage;
        took = billed.promptTokens + billed.tokens;
        const { text, finish, usage, logprob } = answer;
        const record: AnsweredRecord = {
          ...{ type: 'answer', key, attempt: number, step, owner, text, finish, limit: request.maxTokens },
          ...{ usage, wasted: store.wastedOn(key), logprob },
        };
        await store.append(record);
        breaker.succeeded();
        counts[finish === 'refused' ? 'refused' : 'answered']++;
        return outcomeOf(key, owner, record);
      } catch (error) {
        if (!(error instanceof GeneratorError)) throw error;
        billed = error.usage;
        took = billed && billed.promptTokens + billed.tokens;
        if (error.usage) wasted = usageSum(wasted, error.usage);
        if (error.reason === 'rate_limited') turn.refused(error.retryAfterMs ?? 0);
        // A server that answered at all has said that this attempt costs nothing; one that fell silent has not.
        const unknown = error.reason === 'timeout' || error.reason === 'connection';
        const usage = error.usage ?? (unknown ? null : NO_USAGE);
        if (unknown && !error.usage) billed = most;
        if (error.reason === 'rejected') {
          turn.answered();
          const reason = error.message;
          await store.append({ type: 'rejected', key, attempt: number, step, owner, reason, limit: request.maxTokens });
          breaker.succeeded();
          counts.rejected++;
          return { status: 'rejected', text: '', finish: null, reason, key, usage: NO_USAGE, cost: 0 };
        }
        await store.append({ type: 'lost', key, attempt: number, reason: error.reason, usage });
        return error;
      } finally {
        turn.end(took);
      }
    } finally {
      budget.settle(most, billed);
    }
  };

  const askNow = async (asked: Asked, key: string, signal?: AbortSignal): Promise<Outcome> => {
    let [failed, crowded] = [0, 0];
    for (;;) {
      const over = await breaker.enter(signal);
      if (over !== null) return none('later', key, over);
      const result = await attempt(asked, key, signal);
      if (!(result instanceof GeneratorError)) return result;
      const said = `${generator.model}: ${result.reason} (${result.message})`;
      if (result.reason === 'rate_limited') crowded++;
      else {
        failed++;
        breaker.failed(said, FATAL.has(result.reason));
      }
      const patient = (result.retryAfterMs ?? 0) <= PATIENCE_MS && failed <= retries && crowded <= CROWDED_TRIES;
      if (!PASSING.has(result.reason) || !patient) return none('later', key, said);
      await wait(Math.min(failed + crowded - 1, 16), result, signal);
    }
  };

  const inStore = async (asked: Asked, key: string): Promise<Outcome | null> => {
    const found = await store.find(key, asked.request.maxTokens);
    if (!found) return null;
    counts.reused++;
    return outcomeOf(key, asked.owner, found);
  };

  return {
    async ask(asked, signal) {
      const key = requestKey(generator.model, asked.request);
      const name = `${key} ${asked.request.maxTokens}`;
      for (let other = asking.get(name); other; other = asking.get(name)) {
        // Another document has the same prompt: its error is its own, and its answer is in the store.
        await other.catch(() => {});
      }
      const work = inStore(asked, key).then((found) => found ?? askNow(asked, key, signal));
      asking.set(name, work);
      try {
        return await work;
      } finally {
        asking.delete(name);
      }
    },
    status() {
      const { used, had } = pace.busy;
      return {
        ...counts,
        out: pace.out,
        limit: pace.limit,
        spent: budget.spent,
        wasted,
        cost: costOf(budget.spent, prices),
        cutOff: before.cutOff,
        busy: had === 0 ? 1 : used / had,
        stopped: breaker.over,
      };
    },
  };
}
