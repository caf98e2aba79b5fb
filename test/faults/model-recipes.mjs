// Recipes of the fault suites that score with language models: FAULT_MODELS is a folder with `m.ngram`, `tiny/` and
// `benchmark.jsonl`.
import { annotate, decontaminate, dedup, ngramPerplexity, perplexity, select } from '../../dist/operators/index.js';
import { recipe } from '../../dist/recipe/recipe.js';
import { parquet } from '../../dist/sinks/index.js';

const folder = process.env.FAULT_MODELS;
const model = { model: `${folder}/tiny`, executor: 'onnxruntime-cpu', as: 'net' };

export const modelRecipes = folder
  ? {
      /** An n-gram model, a neural one, decontamination, and a selection by what they wrote behind a barrier. */
      scores: recipe({
        name: 'scores',
        splitBytes: 32 * 1024,
        steps: [
          annotate(ngramPerplexity({ model: `${folder}/m.ngram` }), { step: 'ngram' }),
          decontaminate({ benchmarks: [`${folder}/benchmark.jsonl`] }),
          dedup.exact(),
          perplexity(model),
          select.byRank({ column: 'net_bits_per_byte', keep: 'low', rate: 0.8 }),
        ],
        sinks: [parquet()],
      }),
    }
  : {};
