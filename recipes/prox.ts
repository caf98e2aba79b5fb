import { dedup, parquet, recipe, refine } from 'sluice';

/**
 * Documents refined by small programs: Zhou et al. 2024, "Programming Every Example" (ProX). Exact copies go first.
 *
 * Without more, an annotator of rules made by hand writes the programs: no language model is at work. With a model:
 *   sluice run prox --input 'x/*.jsonl' --endpoint http://127.0.0.1:8000/v1 --model NAME
 * and for one that was trained to write programs --set refine.prompt=trained. The programs stand in the ledger.
 */
export default recipe({
  name: 'prox',
  description: 'Lines that are no content go and noise is replaced, by small programs (ProX) that the ledger keeps.',
  steps: [dedup.exact(), refine()],
  sinks: [parquet()],
});
