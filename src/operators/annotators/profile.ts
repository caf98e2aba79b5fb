import * as z from 'zod';

/**
 * Whose definition of a statistic or a rule. The same rule name means different functions in different tools (what a
 * word is, whether the first copy counts, what a ratio is divided by), which is the main reason why results do not
 * reproduce between them. `sluice`: the papers, cleaned up, on UTF-8 bytes in the kernel. `datatrove` and `dolma`:
 * those tools' arithmetic, on UTF-16 units (slower).
 */
export const profileName = z.enum(['sluice', 'datatrove', 'dolma']);
export type Profile = z.output<typeof profileName>;

/**
 * How a profile finds words and sentences. The tools use spaCy or Punkt, which do not ship here. `whitespace`: runs
 * between white space. `punctuated`: those, with marks and clitics as words of their own, which is near to spaCy.
 */
export const splitName = z.enum(['whitespace', 'punctuated']);
export type SplitName = z.output<typeof splitName>;

export const taggerName = z.enum(['v1', 'v2']);
