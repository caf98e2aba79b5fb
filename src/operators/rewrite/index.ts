/** PUBLIC: rewrites, which change the text and say what they cut. */

export { type C4Options, type C4StepOptions, c4 } from './c4.ts';
export { type ExtractInput, extract } from './extract.ts';
export { type RefineInput, refine } from './refine/refine.ts';
