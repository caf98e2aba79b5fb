import { open } from 'node:fs/promises';

/**
 * The last line of an ARPA file of ours: the bits of a name as blanks and tabs. The format has no place for comments
 * that KenLM reads over, but for white space at the end.
 */
export const OWN_MARK = `${[...Buffer.from('sluice')]
  .flatMap((byte) => Array.from({ length: 8 }, (_, bit) => ((byte >> (7 - bit)) & 1 ? '\t' : ' ')))
  .join('')}\n`;

/** Whether Sluice has written an ARPA file. */
export async function isOwnArpa(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const end = Buffer.alloc(OWN_MARK.length);
    await file.read(end, 0, OWN_MARK.length, Math.max(0, size - OWN_MARK.length));
    return end.toString('latin1') === OWN_MARK;
  } finally {
    await file.close();
  }
}
