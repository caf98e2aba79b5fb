// Runs a recipe to the end in a process that a test may kill: `child.mjs <recipe> <input> <output> <workers>`. Says
// each commit aloud.
import './failpoints.mjs';
import { loadRecipe } from '../../dist/recipe/loader.js';
import { run } from '../../dist/run/run.js';
import { importInWorkers } from '../../dist/threads.js';
import { modelRecipes } from './model-recipes.mjs';
import { recipes } from './recipes.mjs';

const [name, input, output, workers] = process.argv.slice(2);
importInWorkers(new URL('./failpoints.mjs', import.meta.url).href);
// The path of a module, or a name in recipes.mjs.
const [recipe, fresh] = name.endsWith('.ts') ? [name] : name.split('-');
run(recipes[recipe] ?? modelRecipes[recipe] ?? (await loadRecipe(recipe)), {
  input: [input],
  output,
  workers: Number(workers),
  shardSize: Number(process.env.SHARD_SIZE ?? 16384),
  fresh: fresh === 'fresh',
}).subscribe({
  next: (event) => {
    if (event.type === 'commit' || event.type === 'finished' || event.type === 'planned')
      process.stdout.write(`${event.type} ${event.phase ?? ''}\n`);
  },
  error: (error) => {
    console.error(error);
    process.exit(1);
  },
});
