import { ConfigError } from '../../errors.ts';
import type { Value } from '../../models/graph/graph.ts';
import { add, concat, exp, gather, multiply, reshape, slice, subtract, sum } from '../../models/graph/ops.ts';
import type { LanguageModelConfig } from '../../models/language-model.ts';
import { logitParts, logSumExp } from '../../models/losses.ts';
import type { Tensor } from '../../models/tensor.ts';
import type { TokenizerInfo } from '../../models/tokenizers/tokenizer-files.ts';
import type { LossInputs, Transform } from '../../models/transform.ts';
import { seededRandom } from '../../random.ts';
import { checkTokenizer, type Teacher } from './teacher.ts';
import type { TopLogitsSource } from './top-logits.ts';

export interface DistillationOptions {
  /** One or more; of several one is drawn for each step. Whole logits, or the largest ones (of equal k). */
  readonly teachers: readonly (Teacher | TopLogitsSource)[];
  /** Of the student. */
  readonly tokenizer: TokenizerInfo;
  /** Weight of the teacher's part of the loss, from 0 to 1; default 0.5. 1: nothing but the teacher. */
  readonly share?: number;
  /** Default 1. */
  readonly temperature?: number;
  /** The last step in which the student is taught; default every step. After it the teacher is not run. */
  readonly until?: number;
  /** Which teacher is drawn for a step; default 0. */
  readonly seed?: number;
}

/** A distillation, and what it left out of what its teachers said. */
export interface Distillation extends Transform {
  /**
   * Mean probability, at temperature 1, of the tokens outside of the k largest, over all targets until now; 0 with
   * whole logits, null before the first step. The teacher's distribution is that of the k largest, made to sum to 1.
   */
  lostMass(): number | null;
}

/**
 * Distillation (Hinton et al. 2015): the loss of every target is (1 - share) x nll + share x temperature^2 x
 * KL(teacher || student), both at the temperature, in the steps up to `until` (Reduce, Reuse, Recycle: early only; of
 * several teachers one at random a step), nll after it. Errors: ConfigError (a teacher of another tokenizer or
 * vocabulary, numbers out of range).
 */
export function distillation(options: DistillationOptions): Distillation {
  const { teachers, tokenizer, share = 0.5, temperature = 1, until = Number.POSITIVE_INFINITY, seed = 0 } = options;
  checkOptions(options, share, temperature);
  for (const teacher of teachers) checkTokenizer(teacherOf(teacher), tokenizer);
  const k = kOf(teachers[0]);
  const lost = { mass: 0, targets: 0 };
  return {
    name: 'distillation',
    options: {
      teachers: teachers.map((teacher) => teacherOf(teacher).hash),
      largest: k,
      share,
      temperature,
      until: Number.isFinite(until) ? until : null,
      seed,
    },
    lostMass: () => (lost.targets === 0 ? null : lost.mass / lost.targets),
    check(config) {
      for (const teacher of teachers) checkVocabulary(teacherOf(teacher), config);
    },
    build({ training, rows, length, config: { vocabulary }, feed }) {
      if (!training) return {};
      const n = rows * length;
      const taught = feed('share', []);
      const said = feed('logits', [n, k ?? vocabulary]);
      const ids = k === null ? null : feed('ids', [n, k], 'int32');
      return {
        loss(perToken, inputs) {
          const apart = divergence(inputs, { said, ids }, temperature);
          const own = multiply(perToken, subtract(taught.graph.scalar(1), taught));
          return add(own, multiply(apart, multiply(taught, temperature ** 2)));
        },
      };
    },
    async feeds({ step }, batch, { vocabulary }) {
      const n = batch.get('tokens')!.data.length;
      const now = step <= until ? share : 0;
      const fed = new Map<string, Tensor>([['share', { shape: [], data: Float32Array.of(now) }]]);
      if (now === 0) {
        fed.set('logits', { shape: [n, k ?? vocabulary], data: new Float32Array(n * (k ?? vocabulary)) });
        return k === null ? fed : fed.set('ids', { shape: [n, k], data: new Int32Array(n * k) });
      }
      const { below } = seededRandom(seed, `teacher ${step}`);
      const teacher = teachers[below(teachers.length)];
      const targets = batch.get('targets')!.data;
      for (const target of targets) lost.targets += Number(target >= 0);
      if ('of' in teacher) {
        const top = await teacher.of(batch);
        for (const [i, target] of targets.entries()) lost.mass += target >= 0 ? top.lost.data[i] : 0;
        fed.set('ids', { shape: [n, teacher.k], data: top.ids.data });
        return fed.set('logits', { shape: [n, teacher.k], data: top.logits.data });
      }
      const { data } = await teacher.logits(batch);
      return fed.set('logits', { shape: [n, vocabulary], data });
    },
  };
}

const teacherOf = (teacher: Teacher | TopLogitsSource): Teacher => ('of' in teacher ? teacher.teacher : teacher);
const kOf = (teacher: Teacher | TopLogitsSource): number | null => ('of' in teacher ? teacher.k : null);

/** KL(teacher || student) [n] at a temperature, in nats. */
function divergence(
  { hidden, output }: LossInputs,
  { said, ids }: { said: Value; ids: Value | null },
  temperature: number,
): Value {
  const parts = logitParts(hidden, output).map(({ start, end, logits }) => {
    const own = multiply(logits, 1 / temperature);
    const theirs = multiply(slice(said, 0, start, end), 1 / temperature);
    const logP = subtract(theirs, logSumExp(theirs));
    const chosen = ids ? gathered(own, slice(ids, 0, start, end)) : own;
    const logQ = subtract(chosen, logSumExp(own));
    return reshape(sum(multiply(exp(logP), subtract(logP, logQ)), [1]), [end - start]);
  });
  return concat(parts, 0);
}

/** Elements [n, k] of the rows of x [n, vocabulary], by their columns. */
function gathered(x: Value, columns: Value): Value {
  const [n, vocabulary] = x.shape;
  const begins = x.graph.constant({ shape: [n, 1], data: Int32Array.from({ length: n }, (_, i) => i * vocabulary) });
  const flat = reshape(x, [n * vocabulary, 1]);
  return reshape(gather(flat, reshape(add(columns, begins), [columns.shape[0] * columns.shape[1]])), columns.shape);
}

function checkVocabulary({ name, vocabulary }: Teacher, config: LanguageModelConfig): void {
  if (vocabulary === config.vocabulary) return;
  throw new ConfigError({
    expected: `a teacher of ${config.vocabulary} ids, as the student has`,
    got: `${vocabulary}`,
    where: `teacher ${name}`,
  });
}

function checkOptions({ teachers }: DistillationOptions, share: number, temperature: number): void {
  const where = 'distillation';
  if (teachers.length === 0) throw new ConfigError({ expected: 'at least one teacher', got: 'none', where });
  if (!(share >= 0 && share <= 1)) throw new ConfigError({ expected: 'a share from 0 to 1', got: `${share}`, where });
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new ConfigError({ expected: 'a temperature above 0', got: `${temperature}`, where });
  if (new Set(teachers.map(kOf)).size > 1)
    throw new ConfigError({ expected: 'teachers of whole logits, or of one number of them', got: 'both', where });
}
