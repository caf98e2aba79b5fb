import { fineweb } from './fineweb.ts';
import { gopherQuality } from './gopher-quality.ts';
import { gopherRepetition } from './gopher-repetition.ts';
import { generalText } from './text.ts';

/** Every statistic of a document by column name; the oracle for the kernel. `text` must be well-formed. Slow. */
export function referenceStatistics(text: string): Record<string, number> {
  return { ...gopherQuality(text), ...gopherRepetition(text), ...fineweb(text), ...generalText(text) };
}
