import * as z from 'zod';

/** What statistics are taken of. */
export const ofName = z.enum(['text', 'prose']);
