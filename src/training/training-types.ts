import type { ExecutorRuntime } from '../models/executors/executor.ts';
import type { Prepared } from './prepare.ts';

/**
 * A measurement on held-out documents: bits per byte, by domain and over all of them; null and no domains where no
 * document was held out.
 */
export interface Measurement {
  readonly step: number;
  readonly tokensSeen: number;
  /** Mean training loss since the measurement before, in nats a token; null before the first step. */
  readonly trainLoss: number | null;
  readonly bitsPerByte: number | null;
  readonly byDomain: Readonly<Record<string, number>>;
}

/** Contents of sluice.json in the folder of a reference model. */
export interface ReferenceJson {
  readonly format: 1;
  readonly kind: 'reference';
  readonly sluice: string;
  readonly status: 'training' | 'done';
  readonly identity: string;
  readonly reference: object;
  readonly executor: string;
  readonly runtime: ExecutorRuntime;
  /** Classes of the processors that took part: with more than one, nobody gets the same last digits again. */
  readonly processors: readonly string[];
  readonly tokenizer: { readonly name: 'bytes' | 'byte_pairs'; readonly vocabulary: number; readonly start: number };
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly epochs: number;
  /**
   * Lengths that were planned: from which step on, for how many in all. More than one: the length was changed on the
   * way.
   */
  readonly schedule: readonly { readonly fromStep: number; readonly steps: number }[];
  readonly documents: Prepared['documents'];
  readonly trainedBytes: Prepared['domains'];
  readonly measurements: readonly Measurement[];
}

export type TrainingEvent =
  | { readonly type: 'reading'; readonly documents: number }
  | {
      readonly type: 'start';
      readonly folder: string;
      readonly model: ReferenceJson;
      readonly trainTokens: number;
      readonly fromStep: number;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      readonly tokensSeen: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly tokensPerSecond: number;
    }
  | { readonly type: 'measured'; readonly measurement: Measurement }
  | { readonly type: 'stopped'; readonly folder: string; readonly step: number; readonly steps: number }
  | { readonly type: 'finished'; readonly folder: string; readonly already: boolean; readonly model: ReferenceJson };
