import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The folder of test corpora: SLUICE_CORPORA, or the one beside the clone; null (said once on the console) where there
 * is none.
 */
export function corporaFolder(): string | null {
  const folder = process.env.SLUICE_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
  if (existsSync(folder)) return folder;
  console.warn('skipped: no corpora');
  return null;
}
