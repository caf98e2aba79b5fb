/** PUBLIC: `dedup.exact()` and its kin. */

export { bloom } from './bloom.ts';
export { boilerplate } from './boilerplate.ts';
export { exact } from './exact.ts';
export { lines } from './lines.ts';
export { minhash } from './minhash.ts';
export { normalized } from './normalized.ts';
export { paragraphs } from './paragraphs.ts';
export { sentences } from './sentences.ts';
export { substring } from './substring.ts';
export { url } from './url.ts';
