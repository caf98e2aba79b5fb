import type { Rule } from '../../../streams/batch/outcome.ts';

export const nearRule = (threshold: number): Rule => ({
  name: 'near_duplicate',
  version: 2,
  column: 'similarity',
  comparison: '>=',
  threshold,
  onNull: 'pass',
  option: 'threshold',
});

export const normalizedRule: Rule = {
  name: 'exact_normalized_duplicate',
  version: 2,
  column: 'similarity',
  comparison: '>=',
  threshold: 1,
  onNull: 'pass',
  option: 'exact_normalized_duplicate',
};
