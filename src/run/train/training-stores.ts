import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { readRunJson } from '../../ledger/run-json.ts';
import { tokenize } from '../../operators/tokenize/tokenize.ts';
import type { Continual } from '../../recipe/continual.ts';
import { recipe } from '../../recipe/recipe.ts';
import { shellWord } from '../../safe-text.ts';
import { tokens } from '../../sinks/descriptors.ts';
import type { RunEvent } from '../events.ts';
import { run } from '../run.ts';
import type { BaseModel } from './base-model.ts';

/** New text, or old text that is replayed. */
export type TextKind = 'input' | 'replay';

export interface StoreOptions {
  readonly workers?: number;
  readonly memory?: number;
  readonly limit?: number | null;
  readonly samplePercent?: number | null;
  readonly stop?: AbortSignal;
}

/**
 * Run directories with the tokens to train on: those that are given, or one that is made of files, by the steps of the
 * recipe, in a folder of the training. Yields what the run says; null when it was stopped.
 */
export async function* trainingStores(
  kind: TextKind,
  input: readonly string[],
  recipe: Continual,
  base: BaseModel,
  folder: string,
  options: StoreOptions,
): AsyncGenerator<RunEvent, readonly string[] | null> {
  const given = await Promise.all(input.map(hasTokens));
  if (given.every(Boolean)) return input;
  if (given.some(Boolean))
    throw new ConfigError({
      expected: 'run directories with tokens, or files to read',
      got: 'both',
      where: kind === 'input' ? '--input' : '--replay',
      fix: `Tokenise the files first: ${tokensOf(
        input.filter((_, i) => !given[i]),
        base.tokenizerSource,
      )}`,
    });
  const output = join(folder, kind === 'input' ? 'curated' : 'replay');
  const made = curation(kind, recipe, base);
  const { stop, limit, samplePercent } = options;
  // Old text is as it was.
  const parts = kind === 'input' ? { limit, samplePercent } : {};
  const { workers, memory } = options;
  for await (const event of eventsOf(run(made, { input: [...input], output, workers, memory, ...parts, stop }))) {
    yield event;
    if (event.type === 'stopped') return null;
  }
  return [output];
}

const tokensOf = (files: readonly string[], tokenizer: string): string =>
  `sluice run tokens --tokens ${shellWord(tokenizer)} ${files.map((f) => `--input ${shellWord(f)}`).join(' ')}`;

/** The steps of the recipe and the tokens of what they keep; of old text only the tokens. */
function curation(kind: TextKind, { steps, expected, read }: Continual, base: BaseModel) {
  const fresh = kind === 'input';
  const tokenizer = base.tokenizerSource;
  return recipe({
    name: fresh ? 'curated' : 'replay',
    read,
    steps: [...(fresh ? steps : []), tokenize({ tokenizer })],
    ...(fresh && { expected }),
    sinks: [tokens({ tokenizer, endOfText: base.endOfText })],
  });
}

/** Whether a path is a run directory with a sink of tokens. */
async function hasTokens(path: string): Promise<boolean> {
  if (!existsSync(join(path, 'run.json'))) return false;
  const run = await readRunJson(path);
  const { sinks } = (run?.recipe ?? { sinks: [] }) as unknown as { readonly sinks: readonly { vocabulary?: object }[] };
  return sinks.some((s) => s.vocabulary !== undefined);
}

/** Events of an Observable, one at a time, in order. */
async function* eventsOf(events: ReturnType<typeof run>): AsyncGenerator<RunEvent> {
  const waiting: RunEvent[] = [];
  let wake = (): void => {};
  let end: { readonly error: unknown } | 'complete' | null = null;
  const subscription = events.subscribe({
    next: (event) => {
      waiting.push(event);
      wake();
    },
    error: (error) => {
      end = { error };
      wake();
    },
    complete: () => {
      end = 'complete';
      wake();
    },
  });
  try {
    for (;;) {
      const event = waiting.shift();
      if (event) yield event;
      else if (end === 'complete') return;
      else if (end !== null) throw (end as { readonly error: unknown }).error;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    subscription.unsubscribe();
  }
}
