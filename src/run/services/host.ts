import { setMaxListeners } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { InvariantError } from '../../errors.ts';
import type { Filters } from '../../operators/external/filters.ts';
import type { FilterRequest } from '../../operators/external/request.ts';
import type { GenerateRequest } from '../../operators/generate/ask-all.ts';
import type { Askers } from '../../operators/generate/askers.ts';
import type { ScoreRequest } from '../../operators/perplexity/score-parts.ts';
import { asksServices, type Operator, type StepDescriptor } from '../../streams/operator.ts';
import { errorData } from '../../thread-errors.ts';
import type { Answer, Question } from './messages.ts';
import type { Models } from './models.ts';
import { type ScoredText, scoredText } from './scored-text.ts';

/** The line between a task in a worker and the services. */
export interface Line {
  /** For the worker; goes with the task. */
  readonly port: MessagePort;
  /** True while the worker waits for an answer. */
  waits(): boolean;
  /** Text that model workers have scored for the task, of batches in work too. */
  readonly scoredBytes: () => number;
  /** Cancels what the worker still waits for. */
  end(): void;
}

/** What the main thread does for the stages of a run: the user's functions and processes, model workers, generators. */
export interface RunServices {
  /** A line for one task; null when none of its steps asks. */
  lineFor(steps: readonly StepDescriptor[]): Line | null;
  /** Where the steps with a generator stand. */
  generators(): ReturnType<Askers['status']>;
  /** What the processes of the user's have done, by step. */
  filters(): ReturnType<Filters['status']>;
  close(): Promise<void>;
}

export function openServices(
  operators: readonly Operator[],
  models: Models,
  askers: Askers,
  filters: Filters,
): RunServices {
  const closing = new AbortController();
  // Every request that is out listens to it.
  setMaxListeners(0, closing.signal);
  const byStep = new Map(operators.map((o) => [o.descriptor.step, o]));
  const answer = async ({ service, step, request }: Question, line: OpenLine): Promise<unknown> => {
    const operator = byStep.get(step);
    if (service === 'model' && operator) {
      const { sequence, batchBytes, parts } = request as ScoreRequest;
      const watch = (share: () => number): void => line.scored.scoring(step, sequence, batchBytes, share);
      return models.score(operator.descriptor, parts, { watch, signal: line.signal });
    }
    // What is out is paid for: it is waited for and kept, also when the thread that asked has died.
    if (service === 'generator' && operator)
      return askers.ask(operator.descriptor, (request as GenerateRequest).requests, closing.signal);
    if (service === 'filter' && operator)
      return filters.ask(operator.descriptor, request as FilterRequest, line.signal);
    if (service === 'closure' && operator?.serve) return line.inTurn(step, () => operator.serve!(request));
    throw new InvariantError({
      expected: 'a step with a function of its own, a model or a generator',
      got: `a request for the ${service} of step ${step}`,
      fix: 'Please report this with the recipe.',
    });
  };
  return {
    lineFor: (steps) => (steps.some(asksServices) ? openLine(steps, answer) : null),
    generators: () => askers.status(),
    filters: () => filters.status(),
    async close() {
      closing.abort(new Error('the run has ended'));
      await Promise.all([models.close(), askers.close(), filters.close()]);
    },
  };
}

interface OpenLine {
  readonly signal: AbortSignal;
  readonly scored: ScoredText;
  /** One request of a step after the other: a function of the user's sees the documents of a split in order. */
  inTurn<T>(step: string, work: () => Promise<T>): Promise<T>;
}

type AnswerQuestion = (question: Question, line: OpenLine) => Promise<unknown>;

function openLine(steps: readonly StepDescriptor[], answer: AnswerQuestion): Line {
  const { port1, port2 } = new MessageChannel();
  const left = new AbortController();
  const scored = scoredText(steps.filter((s) => s.models).map((s) => s.step));
  const turns = new Map<string, Promise<unknown>>();
  const line: OpenLine = {
    signal: left.signal,
    scored,
    inTurn(step, work) {
      const turn = (turns.get(step) ?? Promise.resolve()).then(() => {
        left.signal.throwIfAborted();
        return work();
      });
      // Whoever asked is told; the next has its turn all the same.
      const over = turn.catch(() => {});
      turns.set(step, over);
      return turn;
    },
  };
  let waiting = 0;
  port1.on('message', async (question: Question) => {
    const { id } = question;
    waiting++;
    const said: Answer = await answer(question, line).then(
      (result) => ({ id, result }),
      (error) => ({ id, error: errorData(error) }),
    );
    waiting--;
    if (!left.signal.aborted) port1.postMessage(said);
  });
  return {
    port: port2,
    waits: () => waiting > 0,
    scoredBytes: scored.bytes,
    end() {
      left.abort(new Error('the task has ended'));
      port1.close();
    },
  };
}
