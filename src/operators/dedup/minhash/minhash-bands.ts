import { ConfigError } from '../../../errors.ts';
import { MOST_PERMUTATIONS } from '../../../kernels/minhash.ts';
import type { IndexHeader } from '../tables/index-files.ts';
import { bandsFor, curveText } from './minhash-curve.ts';

/** Options of `dedup.minhash()`, defaults filled in; `minhash.ts` says what each means. */
export interface MinhashOptions {
  readonly unit: 'words' | 'characters';
  readonly size: number;
  readonly bands: number | null;
  readonly rows: number | null;
  readonly permutations: number | null;
  readonly threshold: number;
  readonly verify: boolean;
  readonly profile: 'sluice' | 'datatrove';
  readonly hash: 'xxh64' | 'sha1';
  readonly method: 'minhash' | 'oph';
  readonly priority: string | null;
  readonly prefer: 'highest' | 'lowest';
  readonly scope: 'global' | 'streaming';
  readonly remembered: number;
  readonly seed: number;
  readonly saveIndex: boolean;
  readonly code: readonly string[];
  readonly kin: 'keep' | 'drop';
}

/** What must be equal for two indexes of near copies to mean the same. */
export function minhashIndexOf(options: MinhashOptions): Pick<IndexHeader, 'kind' | 'version' | 'parameters'> {
  const { unit, size, method, seed, profile, hash } = options;
  return {
    kind: 'minhash',
    version: 2,
    parameters: {
      key: 'shingles',
      unit,
      size,
      ...bandsAndRows(options),
      method,
      seed,
      profile,
      hash: profile === 'datatrove' ? hash : null,
    },
  };
}

/** The bands and rows that options come to. */
export function bandsAndRows({ bands, rows, permutations, threshold }: MinhashOptions): {
  bands: number;
  rows: number;
} {
  if (permutations !== null && (bands !== null || rows !== null)) {
    throw new ConfigError({
      expected: 'permutations, or bands and rows',
      got: 'both',
      where: 'dedup.minhash()',
      fix: 'Leave out permutations, or let it choose bands and rows for the threshold.',
    });
  }
  const chosen = permutations === null ? { bands: bands ?? 14, rows: rows ?? 8 } : bandsFor(threshold, permutations);
  if (chosen.bands * chosen.rows > MOST_PERMUTATIONS) {
    throw new ConfigError({
      expected: `at most ${MOST_PERMUTATIONS} values in a signature`,
      got: `${chosen.bands} bands of ${chosen.rows} rows`,
      where: 'dedup.minhash()',
    });
  }
  return chosen;
}

/** What a step with these options finds, in a line: bands, rows and the curve. */
export function minhashText(given: object): string {
  const options = given as MinhashOptions;
  const { bands, rows } = bandsAndRows(options);
  const shingle = `${options.size} ${options.unit}`;
  const check = options.verify
    ? `dropped from a true Jaccard similarity of ${options.threshold} on`
    : 'candidates are dropped unchecked';
  return `shingles of ${shingle}; ${curveText(bands, rows)}; ${check}`;
}
