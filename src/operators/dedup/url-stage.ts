import type { Kernel } from '../../kernels/kernel.ts';
import { type Column, utf8Column } from '../../streams/batch/columns.ts';
import { positionLabel } from '../../streams/batch/position.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { type IndexReference, readIndex, writeIndex } from './tables/index-files.ts';
import { decideUrls } from './url-decide.ts';
import { urlKeys } from './url-keys.ts';
import { URL_OPTIONS, type UrlOptions } from './url-normal.ts';

interface UrlDedupOptions extends UrlOptions {
  readonly path: string;
  readonly saveIndex: boolean;
  readonly indexes: readonly IndexReference[];
}

/** What must be equal for two indexes of addresses to mean the same. */
export const urlIndexOf = (options: UrlOptions) => {
  const url = Object.fromEntries(URL_OPTIONS.map((name) => [name, options[name]]));
  return { kind: 'hashes', version: 1, parameters: { key: 'url', hash: 'content_hash@1', url } } as const;
};

/** The barrier behind `dedup.url()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  const options = descriptor.options as unknown as UrlDedupOptions;
  return {
    keys(batch) {
      const { hashes, urls } = urlKeys(batch, rowsInScope(batch, descriptor.where), kernel, options.path, options);
      const half = (k: 0 | 1): Column => ({
        type: 'int64',
        values: BigInt64Array.from({ length: batch.rows }, (_, i) => BigInt.asIntN(64, hashes[2 * i + k])),
        valid: null,
      });
      const labels = Array.from({ length: batch.rows }, (_, i) => positionLabel(batch, i));
      return new Map<string, Column>([
        ['high', half(0)],
        ['low', half(1)],
        ['url', urls],
        ['label', utf8Column(labels)],
      ]);
    },
    async *decide(splits, memoryBytes, outputs) {
      const earlier: Uint8Array[] = [];
      for (const reference of options.indexes) earlier.push((await readIndex(reference)).payload);
      const name = `${descriptor.step}.hashes`;
      const save = async (payload: Uint8Array, keys: number): Promise<void> => {
        await writeIndex(`${outputs?.folder}/${name}.tmp`, { ...urlIndexOf(options), layout: {}, keys }, [payload]);
        outputs?.names.push(name);
      };
      yield* decideUrls(splits, memoryBytes, earlier, options.saveIndex && outputs ? save : null);
    },
  };
}
