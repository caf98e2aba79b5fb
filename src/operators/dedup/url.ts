import * as z from 'zod';
import type { Kernel } from '../../kernels/kernel.ts';
import { parseOptions } from '../../options.ts';
import { type Column, utf8Column } from '../../streams/batch/columns.ts';
import { positionLabel } from '../../streams/batch/position.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { type Operator, rowsInScope, type Scope, type StepDescriptor } from '../../streams/operator.ts';
import { copyRule, dedupStep, withIndexes } from './dedup-step.ts';
import { type IndexReference, readIndex, writeIndex } from './tables/index-files.ts';
import { decideUrls } from './url-decide.ts';
import { urlKeys } from './url-keys.ts';
import { urlOptions } from './url-normal.ts';

export const urlDedupOptions = z.strictObject({
  /** Dotted path of the address in the metadata, or a utf8 column. */
  path: z.string().min(1).default('url'),
  ...urlOptions.shape,
  /** Leaves the hashes of all addresses in the run directory, `indexes/<step>.hashes`. */
  saveIndex: z.boolean().default(false),
  /** Run directories or index files of earlier runs: what stands there has been seen. */
  against: z.array(z.string().min(1)).default([]),
});

/**
 * Deduplication by address, as a barrier: the first document of each normal address stays (`url_normal` says what it
 * came to; the options what is made alike: scheme, www, defaultPort, trailingSlash, fragment, tracking, session,
 * sortQuery, percent). Compared by 128-bit hash. A document without an address, or with one that has no host, passes;
 * its `url_normal` is null. `saveIndex` and `against` as for `dedup.bloom()`, with hashes instead of a filter: exact,
 * 16 bytes an address. Drops: rule `url_duplicate`, with the first document's position in `duplicate_of` (null: in an
 * earlier run). Memory: 64 bytes a document at once, in partitions.
 */
export function url({
  step = 'url_dedup',
  where,
  ...rest
}: z.input<typeof urlDedupOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(urlDedupOptions, rest, 'dedup.url()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-url',
      export: 'urlBarrier',
      versions: ['url_duplicate@1'],
      options: withIndexes(options, wantedOf(options), step),
      where,
      writes: [{ name: 'url_normal', type: 'utf8' }],
      rules: [copyRule('url_duplicate')],
    },
    url,
  );
}

/** What must be equal for two indexes of addresses to mean the same. */
const wantedOf = (options: z.infer<typeof urlDedupOptions>) => {
  const url = Object.fromEntries(Object.entries(options).filter(([name]) => name in urlOptions.shape)) as {
    [name: string]: boolean;
  };
  return { kind: 'hashes', version: 1, parameters: { key: 'url', hash: 'content_hash@1', url } } as const;
};

/** The barrier behind `dedup.url()`. */
export function urlBarrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  const options = descriptor.options as unknown as z.infer<typeof urlDedupOptions> & {
    readonly indexes: readonly IndexReference[];
  };
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
        await writeIndex(`${outputs?.folder}/${name}.tmp`, { ...wantedOf(options), layout: {}, keys }, [payload]);
        outputs?.names.push(name);
      };
      yield* decideUrls(splits, memoryBytes, earlier, options.saveIndex && outputs ? save : null);
    },
  };
}
