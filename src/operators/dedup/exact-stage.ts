import type { Kernel } from '../../kernels/kernel.ts';
import { type Column, numberAt } from '../../streams/batch/columns.ts';
import { positionLabels } from '../../streams/batch/position.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { comparedTexts, decideExact } from './exact-decide.ts';
import { halfColumn, partsByHash } from './tables/hash-columns.ts';
import type { IndexReference } from './tables/index-files.ts';
import { againstEarlier } from './tables/index-hashes.ts';
import { OUT_OF_SCOPE } from './tables/scope.ts';

interface ExactDescriptorOptions {
  readonly saveIndex: boolean;
  readonly indexes: readonly IndexReference[];
}

/** The barrier behind `dedup.exact()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  const priority = descriptor.options.priority as string | null;
  const { saveIndex, indexes } = descriptor.options as unknown as ExactDescriptorOptions;
  return {
    keys(batch, spans) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const hashes = kernel.contentHashes(text.values, text.offsets, batch.rows, scope);
      const bytes = new Int32Array(batch.rows);
      const rank = new Float64Array(batch.rows);
      for (let i = 0; i < batch.rows; i++) {
        bytes[i] = scope[i] === 1 ? spans.bytes[i] : OUT_OF_SCOPE;
        rank[i] = priority ? (numberAt(batch.number(priority), i) ?? Number.NEGATIVE_INFINITY) : 0;
      }
      return new Map<string, Column>([
        ['lo', halfColumn(hashes, 0)],
        ['hi', halfColumn(hashes, 1)],
        ['start', { type: 'float64', values: spans.start, valid: null }],
        ['bytes', { type: 'int32', values: bytes, valid: null }],
        ['rank', { type: 'float64', values: rank, valid: null }],
        ['label', positionLabels(batch)],
      ]);
    },
    ...(!saveIndex && indexes.length === 0 && { parts: (columns) => partsByHash(columns, 'lo') }),
    textsRead: ({ splits, memoryBytes }) => comparedTexts(splits, memoryBytes),
    decide(splits, memoryBytes, outputs) {
      const decisions = decideExact(splits, memoryBytes);
      if (!saveIndex && indexes.length === 0) return decisions;
      const saveAs = saveIndex ? `${descriptor.step}.hashes` : null;
      return againstEarlier(decisions, splits, memoryBytes, indexes, saveAs, outputs);
    },
  };
}
