import type { Comparison, Rule } from '../../streams/batch/outcome.ts';

/** A rule of version 1 on a column that the rewrite counts; a document without a value passes. */
export const thresholdRule = (
  name: string,
  column: string,
  comparison: Comparison,
  threshold: number,
  option: string,
): Rule => ({ name, version: 1, column, comparison, threshold, onNull: 'pass', option });
