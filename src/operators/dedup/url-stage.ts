import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { Column } from '../../streams/batch/columns.ts';
import { positionLabels } from '../../streams/batch/position.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { openHashes } from './tables/earlier-hashes.ts';
import { halfColumn, partsByHash } from './tables/hash-columns.ts';
import { type IndexReference, writeIndex } from './tables/index-files.ts';
import { decideUrls, HALVES } from './url-decide.ts';
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
    textless: true,
    keys(batch) {
      const { hashes, urls } = urlKeys(batch, rowsInScope(batch, descriptor.where), kernel, options.path, options);
      return new Map<string, Column>([
        ['high', halfColumn(hashes, 0)],
        ['low', halfColumn(hashes, 1)],
        ['url', urls],
        ['label', positionLabels(batch)],
      ]);
    },
    ...(!options.saveIndex && options.indexes.length === 0 && { parts: (columns) => partsByHash(columns, HALVES[0]) }),
    async *decide(splits, memoryBytes, outputs) {
      const earlier = await openHashes(options.indexes);
      const name = `${descriptor.step}.hashes`;
      const save = async (payload: AsyncIterable<Uint8Array>, keys: number): Promise<void> => {
        await writeIndex(
          unpublished(`${outputs?.folder}/${name}`),
          { ...urlIndexOf(options), layout: {}, keys },
          payload,
        );
        outputs?.names.push(name);
      };
      yield* decideUrls(splits, memoryBytes, earlier, options.saveIndex && outputs ? save : null);
    },
  };
}
