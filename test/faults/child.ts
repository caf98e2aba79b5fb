// Runs a small recipe to the end in a process that a test may kill: `child.ts <input glob> <output> <workers>`. Says each commit aloud.
import { annotate, dedup, drop, rule } from '../../src/operators/index.ts';
import { textStatistics } from '../../src/operators/annotators/index.ts';
import { recipe } from '../../src/recipe.ts';
import { run } from '../../src/run.ts';

const [input, output, workers] = process.argv.slice(2);
const killed = recipe({
  name: 'killed',
  splitBytes: 64 * 1024,
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
  ],
});
run(killed, { input: [input], output, workers: Number(workers) }).subscribe({
  next: (event) => {
    if (event.type === 'commit' || event.type === 'finished' || event.type === 'planned') process.stdout.write(`${event.type}\n`);
  },
  error: (error) => {
    console.error(error);
    process.exit(1);
  },
});
