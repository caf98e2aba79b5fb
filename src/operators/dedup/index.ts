/** PUBLIC: `dedup.exact()` and its kin. */
export { exact } from './exact.ts';
