import * as z from 'zod';

export const arrowOptions = z.strictObject({
  /** `file`: random access, `.arrow`; `stream`: `.arrows`. */
  format: z.enum(['file', 'stream']).default('file'),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
});

export type ArrowOptions = z.infer<typeof arrowOptions>;

export const arrowExtension = ({ format }: ArrowOptions): string => (format === 'file' ? 'arrow' : 'arrows');
