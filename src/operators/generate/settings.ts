import type { ExecutorName } from '../../models/executors/executor.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { Band } from './band.ts';

/** The options of a step with a generator, as `generatorOptions` checks them. */
export interface GeneratorSettings extends Band {
  readonly endpoint: string | null;
  readonly model: string | null;
  readonly api: 'chat' | 'completions' | 'batch';
  readonly keyFrom: string | null;
  readonly stream: boolean;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly concurrency: number;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly timeoutSeconds: number;
  readonly retries: number;
  readonly budgetTokens: number | null;
  readonly budget: number | null;
  readonly promptPrice: number;
  readonly answerPrice: number;
  readonly answers: string | null;
  readonly executor: ExecutorName | 'auto';
  readonly slots: number;
}

export const settingsOf = ({ options }: StepDescriptor): GeneratorSettings => options as unknown as GeneratorSettings;

/** Name of the generator of a step, for the ledger. */
export const generatorName = ({ model, endpoint }: GeneratorSettings): string =>
  model === null ? 'sluice-prose-2m' : endpoint === null ? model.replaceAll('\\', '/').split('/').at(-1)! : model;
