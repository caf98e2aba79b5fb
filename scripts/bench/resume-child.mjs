// A run that bench-resume kills: `bench-resume-child.mjs <input> <output>`. Says `planned <splits>`, then each commit.
import { annotate, drop, recipe, rule, run, textStatistics } from 'sluice';

const [input, output] = process.argv.slice(2);
const resumed = recipe({
  name: 'resumed',
  steps: [
    annotate(textStatistics(), { step: 'scores' }),
    drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
  ],
});
run(resumed, { input: [input], output }).subscribe({
  next: (e) => {
    if (e.type === 'planned') process.stdout.write(`planned ${e.splits}\n`);
    if (e.type === 'commit') process.stdout.write('commit\n');
  },
  error: (error) => {
    console.error(error);
    process.exit(1);
  },
});
