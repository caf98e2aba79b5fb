// Runs a small recipe to the end in a process that a test may kill: `child.mjs <input glob> <output> <workers>`. Says each commit aloud.
import { annotate, dedup, drop, recipe, rule, run, textStatistics } from 'sluice';

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
    if (event.type === 'commit' || event.type === 'finished' || event.type === 'planned')
      process.stdout.write(`${event.type}\n`);
  },
  error: (error) => {
    console.error(error);
    process.exit(1);
  },
});
