import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { newModel } from '../../src/models/new-model.ts';
import type { TrainingOptions } from '../../src/models/training-graph.ts';
import type { Transform } from '../../src/models/transform.ts';
import { distillation } from '../../src/training/transforms/distillation.ts';
import { dropout } from '../../src/training/transforms/dropout.ts';
import { halfFineTuning } from '../../src/training/transforms/half-fine-tuning.ts';
import { labelSmoothing } from '../../src/training/transforms/label-smoothing.ts';
import { lora } from '../../src/training/transforms/lora.ts';
import { selfDistillation } from '../../src/training/transforms/self-distillation.ts';
import { openTeacher } from '../../src/training/transforms/teacher.ts';
import { keptTopLogits } from '../../src/training/transforms/top-logits.ts';

export interface TransformCase {
  readonly transform: Transform;
  /** The same with no effect: trains as without it, bit for bit, whatever both train; null: there is none. */
  readonly off: Transform | null;
  readonly options?: Partial<TrainingOptions>;
}

const tokenizer = { name: 'letters', hash: 'letters@1' };
const executor = await onnxruntimeNode();
const [teacher, other] = [8, 9].map((seed) => {
  const model = newModel({ vocabulary: 13, width: 16, layers: 1, heads: 2, context: 8 }, seed);
  return openTeacher(executor, { name: `teacher ${seed}`, model, tokenizer }, { rows: 2, length: 8 });
});
const taught = { teachers: [teacher, other], tokenizer };
const top = await keptTopLogits(teacher, 3);

/** One line a transform; the suite beside this file does the rest. */
export const transformCases: Readonly<Record<string, TransformCase>> = {
  dropout: { transform: dropout({ rate: 0.3, seed: 5 }), off: dropout({ rate: 0 }) },
  'dropout, late': { transform: dropout({ rate: 0.5, from: 3 }), off: dropout({ rate: 0.5, from: 9 }) },
  'label smoothing': { transform: labelSmoothing(0.1), off: labelSmoothing(0) },
  lora: { transform: lora({ rank: 2 }), off: lora({ rank: 2, alpha: 0 }) },
  'lora of attention': { transform: lora({ rank: 3, targets: 'attention' }), off: lora({ rank: 1, alpha: 0 }) },
  'half fine-tuning': { transform: halfFineTuning({ seed: 1, round: 2 }), off: null },
  distillation: { transform: distillation({ ...taught, temperature: 2 }), off: distillation({ ...taught, share: 0 }) },
  'distillation, early': {
    transform: distillation({ ...taught, until: 2 }),
    off: distillation({ ...taught, until: 0 }),
  },
  'distillation, largest logits': {
    transform: distillation({ teachers: [top], tokenizer, share: 1 }),
    off: distillation({ teachers: [top], tokenizer, until: 0 }),
  },
  'self-distillation': {
    transform: selfDistillation({ teacher, tokenizer, strength: 0.3 }),
    off: selfDistillation({ teacher, tokenizer, strength: 0 }),
  },
  'coupled Adam, no decay of embeddings': {
    transform: { name: 'none', options: {} },
    off: null,
    options: { coupledAdam: true, embeddingDecay: false },
  },
};
