import { dedup, parquet, recipe, rephrase } from 'sluice';

/**
 * Rewrites of documents beside the documents: Maini et al. 2024, "Rephrasing the Web" (WRAP), pieces of about 300
 * tokens. Exact copies go first, so that nobody pays for them. Rewrites have the domain of their source with
 * `_rephrased` behind it, so that a mixture can weigh both.
 *
 * With an endpoint: sluice run rephrase --input 'x/*.jsonl' --endpoint http://127.0.0.1:8000/v1 --model NAME
 *   --set rephrase.styles=wrap
 * Without one, the model that ships goes on where a text ends: it follows no instructions, and the checks drop most of
 * what it writes. It shows that all of it works here; for a corpus name a model that was taught to rewrite.
 */
export default recipe({
  name: 'rephrase',
  description: 'Documents and their rewrites by a language model (WRAP), every rewrite checked, with its lineage.',
  steps: [dedup.exact(), rephrase({ domainSuffix: '_rephrased' })],
  sinks: [parquet()],
});
