import { decontaminate, parquet, recipe } from 'sluice';

/**
 * Drops documents that hold questions, answers or passages of benchmarks. Which benchmarks must be said: `--set
 * decontaminate.benchmarks='benchmarks/*.jsonl,more/test.parquet'`; `--set decontaminate.action=cut` (or `tag`) keeps
 * the documents.
 */
export default recipe({
  name: 'decontaminate',
  description: 'Drops documents that hold items of benchmarks; needs --set decontaminate.benchmarks=FILES.',
  steps: [decontaminate({ benchmarks: [] })],
  sinks: [parquet()],
  expected: { all: { max: 0.1 } },
});
