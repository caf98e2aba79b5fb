import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { type ContinualInput, continual } from '../../src/recipe/continual.ts';
import { type TrainEvent, type TrainOptions, train } from '../../src/run/train/train.ts';
import type { TrainingRecord } from '../../src/training/continual/record.ts';

export const executor = await onnxruntimeNode();

/** A recipe that trains a tiny model for eight steps of 128 tokens. */
export const small = (more: Partial<ContinualInput> = {}, training: ContinualInput['training'] = {}) =>
  continual({
    name: 'small',
    read: { domainFrom: 'path' },
    model: { width: 16, layers: 1, heads: 2, context: 32 },
    heldOut: { tokens: 200, share: 0.1 },
    ...more,
    training: { tokens: 8 * 4 * 32, context: 32, sequences: 4, learningRate: 1e-2, ...training },
  });

export const all = (recipe: ReturnType<typeof small>, options: Omit<TrainOptions, 'executor'>): Promise<TrainEvent[]> =>
  lastValueFrom(train(recipe, { executor, ...options }).pipe(toArray()));

export const weights = (output: string): Buffer => readFileSync(join(output, 'model/model.safetensors'));
export const recordIn = (output: string): TrainingRecord =>
  JSON.parse(readFileSync(join(output, 'training.json'), 'utf8')) as TrainingRecord;
