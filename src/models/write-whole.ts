import { open, rename } from 'node:fs/promises';

/** Writes a file that appears whole or not at all, also after a power cut. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}
