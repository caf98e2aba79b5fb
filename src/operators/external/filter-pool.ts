import { ConfigError, InputError } from '../../errors.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { slots } from '../perplexity/slots.ts';
import { FilterFailure, type FilterProcess, startFilter } from './filter-process.ts';
import { type FilterAnswer, type FilterRequest, settingsOf } from './request.ts';

/** What the processes of a step have done so far. */
export interface FilterStatus {
  readonly command: string;
  /** Most that there are at once. */
  readonly processes: number;
  /** Requests that were answered, and documents in them. */
  readonly batches: number;
  readonly documents: number;
  /** Requests without an answer. */
  readonly failed: number;
  /** Processes that were started in the place of one that had ended or was ended. */
  readonly restarts: number;
  /** Seconds of processes at work on requests, and until they were ready. */
  readonly seconds: number;
  readonly startSeconds: number;
}

/** The processes of one step. */
export interface FilterPool {
  /**
   * Asks a process that is free, or one that is started for it. A request that has no answer is an answer too; the
   * stage looks for the document that is at fault.
   * Errors: ConfigError for a program that cannot be started, ends before it is ready, or answers with other columns;
   * InputError for one that never answers.
   */
  ask(request: FilterRequest, signal: AbortSignal): Promise<FilterAnswer>;
  status(): FilterStatus;
  close(): Promise<void>;
}

/** A restart may fail by accident so often; the first start may not. */
const START_TRIES = 3;
/** Requests without an answer one after the other: more than one document at fault among 256 takes to be found. */
const MOST_FAILURES = 32;

/** @param processes most at once */
export function openFilterPool(descriptor: StepDescriptor, processes: number): FilterPool {
  const settings = settingsOf(descriptor);
  const { step } = descriptor;
  const command = settings.command.join(' ');
  const where = `step ${step} (${command})`;
  const inSlot = slots(processes);
  const all = new Set<FilterProcess>();
  const idle: FilterProcess[] = [];
  const count = { batches: 0, documents: 0, failed: 0, restarts: 0, ms: 0, startMs: 0 };
  let failuresInARow = 0;
  /** Documents of which nothing was said but that they failed, before anything was said of another one. */
  let inVain = 0;
  /** The same where an error was answered for each. */
  let erred = 0;
  let judged = false;
  /** Processes that have ended, and that none has replaced yet. */
  let toReplace = 0;
  let closed = false;

  const greeted = async (request: FilterRequest): Promise<FilterProcess> => {
    const { batchOf, checkSchema, greetingBytes, WrongSchema } = await import('./ipc.ts');
    const one = startFilter(settings.command, settings.memory);
    all.add(one);
    if (toReplace > 0) {
      toReplace--;
      count.restarts++;
    }
    const before = performance.now();
    try {
      const answer = batchOf(await one.ask(greetingBytes(request, step, settings), 1000 * settings.startSeconds));
      checkSchema(answer, settings);
      if (answer.numRows > 0) throw new WrongSchema(`expected no rows for no documents, got ${answer.numRows}`);
      return one;
    } catch (error) {
      one.kill();
      all.delete(one);
      toReplace++;
      if (error instanceof FilterFailure) throw error;
      throw otherColumns(error as Error);
    } finally {
      count.startMs += performance.now() - before;
    }
  };
  const started = async (request: FilterRequest): Promise<FilterProcess> => {
    for (let tries = 1; ; tries++) {
      try {
        return await greeted(request);
      } catch (error) {
        if (!(error instanceof FilterFailure)) throw error;
        if (error.code === null && count.batches > 0 && tries < START_TRIES) continue;
        throw new ConfigError({
          expected: `a filter that is ready within ${settings.startSeconds} s`,
          got: error.message,
          where,
          fix: startFix(error, settings.command[0]),
        });
      }
    }
  };
  const asked = async (one: FilterProcess, request: FilterRequest): Promise<FilterAnswer> => {
    const { answeredOf, requestBytes, WrongSchema } = await import('./ipc.ts');
    const before = performance.now();
    try {
      const bytes = await one.ask(requestBytes(request, step, settings), 1000 * settings.timeoutSeconds);
      const answer = answeredOf(bytes, request.rows, settings);
      count.batches++;
      count.documents += request.rows;
      failuresInARow = 0;
      judged ||= answer.errors.length < request.rows;
      if (!judged) erred += request.rows;
      return answer;
    } catch (error) {
      if (error instanceof WrongSchema) throw otherColumns(error);
      // Also what Arrow says of bytes that it cannot read.
      count.failed++;
      failuresInARow++;
      const hung = error instanceof FilterFailure && error.hung;
      return { failed: (error as Error).message, hung, never: !judged };
    } finally {
      count.ms += performance.now() - before;
    }
  };
  const otherColumns = (error: Error): ConfigError =>
    new ConfigError({
      problem: error.message,
      expected: 'answers as docs/external.md has them',
      got: error.message,
      where,
      fix: 'Declare what it answers in external(), or change the filter.',
    });
  const noFilter = (answer: FilterAnswer): InputError =>
    new InputError({
      expected: 'a filter that answers',
      got:
        'failed' in answer
          ? `${failuresInARow} requests in a row without an answer; the last: ${answer.failed}`
          : `an error for each of the first ${erred} documents; the last: ${answer.errors[0].detail}`,
      where,
      fix: 'Try it on a few documents by itself. What is committed is kept.',
    });
  return {
    ask: (request, signal) =>
      inSlot(async () => {
        signal.throwIfAborted();
        const one = idle.pop() ?? (await started(request));
        const stop = (): void => one.kill();
        signal.addEventListener('abort', stop);
        try {
          const answer = await asked(one, request);
          if (one.usable && !closed) idle.push(one);
          else {
            toReplace++;
            all.delete(one);
            one.kill();
          }
          signal.throwIfAborted();
          if ('failed' in answer && !judged && request.rows === 1) inVain++;
          if ((!judged && (inVain > 1 || erred > MOST_FAILURES)) || failuresInARow > MOST_FAILURES)
            throw noFilter(answer);
          return answer;
        } finally {
          signal.removeEventListener('abort', stop);
        }
      }, signal),
    status: () => ({
      command,
      processes,
      batches: count.batches,
      documents: count.documents,
      failed: count.failed,
      restarts: count.restarts,
      seconds: Math.round(count.ms) / 1000,
      startSeconds: Math.round(count.startMs) / 1000,
    }),
    async close() {
      closed = true;
      for (const one of all) if (!idle.includes(one)) one.kill();
      await Promise.all(idle.splice(0).map((one) => one.end()));
    },
  };
}

function startFix({ code, message }: FilterFailure, program: string): string {
  if (code === 'ENOENT') return 'Check the name of the program, and that it is on the PATH.';
  const missing = /No module named '([\w.]+)'/.exec(message);
  if (missing === null) return 'Run the command by itself to see what it says.';
  return `Install what has the module ${missing[1]} for that Python: ${program} -m pip install ...`;
}
