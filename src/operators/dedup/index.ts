/** PUBLIC: `dedup.exact()` and its kin. */

export { bloom } from './bloom.ts';
export { exact } from './exact.ts';
export { minhash } from './minhash/minhash.ts';
export { normalized } from './normalized.ts';
export { boilerplate } from './spans/boilerplate.ts';
export { lines } from './spans/lines.ts';
export { paragraphs } from './spans/paragraphs.ts';
export { sentences } from './spans/sentences.ts';
export { substring } from './spans/substring.ts';
export { url } from './url.ts';
