import { type OperatorFactory, operator } from 'sluice';
import * as z from 'zod';

const options = z.strictObject({
  /** Documents of fewer paragraphs stay whole. */
  minParts: z.int().min(2).default(2),
});

/**
 * An operator of a user's own, which splits, copies and joins documents: of a document of paragraphs p1, p2, ... it
 * makes one of each, a copy of p1, and p1 and p2 joined, and drops the whole.
 */
export const partition: OperatorFactory<typeof options> = operator({
  call: 'partition()',
  name: 'partition',
  stage: { module: new URL('./partition-stage.mjs', import.meta.url).href, export: 'partition' },
  options,
  versions: ['partition@1'],
  effects: { annotates: true, creates: true, drops: 'thresholds' },
  describe: ({ minParts }) => ({
    writes: [{ name: 'partition_parts', type: 'int32' }],
    rules: [
      {
        name: 'partition_whole',
        version: 1,
        column: 'partition_parts',
        comparison: '>=',
        threshold: minParts,
        onNull: 'pass',
        option: 'min_parts',
      },
    ],
  }),
});
