/** PUBLIC: `dedup.exact()` and its kin. */

export { bloom } from './bloom.ts';
export { exact } from './exact.ts';
export { minhash } from './minhash.ts';
export { normalized } from './normalized.ts';
export { url } from './url.ts';
