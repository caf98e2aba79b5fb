import { ConfigError } from '../../errors.ts';
import { add, multiply, reshape, subtract, sum } from '../../models/graph/ops.ts';
import type { TokenizerInfo } from '../../models/tokenizers/tokenizer-files.ts';
import type { Transform } from '../../models/transform.ts';
import { checkTokenizer, type Teacher } from './teacher.ts';

export interface SelfDistillationOptions {
  /** The model further pre-trained on the same data; the student begins where the teacher began. */
  readonly teacher: Teacher;
  /** Of the student. */
  readonly tokenizer: TokenizerInfo;
  /** lambda: weight of the distance of the hidden states. 0: none, and the teacher is not run. */
  readonly strength: number;
}

/**
 * Self-distillation for further pre-training (Lee et al. 2023): to the loss of every target comes strength x the
 * squared distance of the student's last hidden state from the teacher's, summed over the width. Errors: ConfigError (a
 * teacher of another tokenizer or width).
 */
export function selfDistillation({ teacher, tokenizer, strength }: SelfDistillationOptions): Transform {
  if (!(strength >= 0 && Number.isFinite(strength)))
    throw new ConfigError({ expected: 'a strength from 0 on', got: `${strength}`, where: 'selfDistillation' });
  checkTokenizer(teacher, tokenizer);
  return {
    name: 'self_distillation',
    options: { teachers: [teacher.hash], strength },
    check({ width }) {
      if (width === teacher.width) return;
      throw new ConfigError({
        expected: `a teacher of width ${width}, as the student has`,
        got: `${teacher.width}`,
        where: `teacher ${teacher.name}`,
      });
    },
    build({ training, rows, length, config: { width }, feed }) {
      if (!training || strength === 0) return {};
      const theirs = feed('hidden', [rows * length, width]);
      return {
        loss(perToken, { hidden }) {
          const apart = subtract(hidden, theirs);
          return add(perToken, multiply(reshape(sum(multiply(apart, apart), [1]), [rows * length]), strength));
        },
      };
    },
    feeds: async (_, batch) => (strength === 0 ? new Map() : new Map([['hidden', await teacher.hidden(batch)]])),
  };
}
