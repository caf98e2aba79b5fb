// "Reduce, Reuse, Recycle" (2023): an early teacher. At equal cost: without one there is more text for the time that a
// teacher takes.
import { parameterCount } from '../../../src/models/new-model.ts';
import { distillation } from '../../../src/training/transforms/distillation.ts';
import { openTeacher } from '../../../src/training/transforms/teacher.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';
import { freshModel } from '../harness/train.ts';

const TOKENIZER = { name: 'bytes', hash: 'bytes' };
const UNTIL = [0.35, 1];

await study('distillation', async ({ seeds, tokens, text, train, executor, shape }) => {
  const domains = [await text('books', 1_200_000)];
  const mix = { books: 1 };
  const student = tokens(300_000);
  const steps = Math.round(student / (shape.rows * shape.context));
  for (const seed of seeds) {
    const wide = freshModel({ ...shape, width: 96 }, seed + 1000);
    const taught = await train({ arm: 'teacher', seed, domains, mix, tokens: tokens(500_000), from: wide });
    const size = { rows: shape.rows, length: shape.context };
    const teacher = openTeacher(executor, { name: 'teacher', model: taught.model, tokenizer: TOKENIZER }, size);
    // A step trains for six operations a weight and token; a teacher reads for two.
    const extra = (2 * parameterCount(wide.config)) / (6 * parameterCount(freshModel(shape, seed).config));
    for (const until of UNTIL) {
      const transform = distillation({ teachers: [teacher], tokenizer: TOKENIZER, until: Math.round(until * steps) });
      await train({
        arm: `taught ${until}`,
        seed,
        domains,
        mix,
        tokens: student,
        optimizer: { transforms: [transform] },
      });
      await train({
        arm: `as costly as ${until}`,
        seed,
        domains,
        mix,
        tokens: Math.round(student * (1 + until * extra)),
      });
    }
    await teacher.release();
  }
  return {
    title: 'Distillation at equal cost',
    about: 'A student with a teacher of twice its width for a part of the steps, and without one on more text.',
    reference: 'as costly as 0.35',
    measures: ['books'],
    claims: [
      claim('an early teacher pays for itself', 'books', ['taught 0.35', 'as costly as 0.35'], 'lower'),
      claim('a teacher throughout does', 'books', ['taught 1', 'as costly as 1'], 'lower'),
    ],
  };
});
