import { ConfigError } from '../../errors.ts';
import type { AnswerStore } from '../../models/generators/answer-store.ts';
import { type Asker, openAsker } from '../../models/generators/asker.ts';
import type { Generator } from '../../models/generators/generator.ts';
import { isGguf } from '../../models/generators/own-model.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { type GeneratorSettings, settingsOf } from './settings.ts';

/**
 * Opens what a step asks. Errors: ConfigError for an address, a key or a folder that is none.
 * @param folder of the answers, which a batch API keeps its jobs in
 */
export async function openGenerator(settings: GeneratorSettings, step: string, folder: string): Promise<Generator> {
  const { endpoint, model, api, keyFrom, stream, timeoutSeconds } = settings;
  if (endpoint === null) {
    const how = api === 'completions' ? 'completions' : 'chat';
    if (isGguf(model)) {
      const { llamaCppGenerator } = await import('../../models/generators/llama-cpp.ts');
      return llamaCppGenerator({ file: model, api: how, slots: settings.slots });
    }
    const { localGenerator } = await import('../../models/generators/local.ts');
    const { modelFolder } = await import('../perplexity/perplexity-stage.ts');
    return localGenerator({ folder: modelFolder(model), api: how, executor: settings.executor, slots: settings.slots });
  }
  if (model === null)
    throw new ConfigError({
      expected: `the name of a model at ${endpoint}`,
      got: 'none',
      where: `step ${step}`,
      fix: `Give it with --model NAME, or --set ${step}.model=NAME.`,
    });
  const { secretOf } = await import('../../models/generators/secrets.ts');
  const variable = keyFrom ?? (process.env.SLUICE_API_KEY ? 'SLUICE_API_KEY' : null);
  const key = variable === null ? null : secretOf(variable);
  if (api === 'batch') {
    const { batchGenerator } = await import('../../models/generators/batch.ts');
    return batchGenerator({ endpoint, model, key, folder, timeoutSeconds });
  }
  const { openaiGenerator } = await import('../../models/generators/openai.ts');
  return openaiGenerator({ endpoint, model, api, key, stream, timeoutSeconds });
}

/** What asks for a step, with its prices and limits. */
export function askerOf(step: StepDescriptor, generator: Generator, store: AnswerStore): Asker {
  const s = settingsOf(step);
  return openAsker({
    step: step.step,
    generator,
    store,
    prices: { promptMillion: s.promptPrice, answerMillion: s.answerPrice },
    budget: { tokens: s.budgetTokens, cost: s.budget },
    concurrency: s.concurrency,
    requestsPerMinute: s.requestsPerMinute,
    tokensPerMinute: s.tokensPerMinute,
    retries: s.retries,
    seed: s.seed,
  });
}
