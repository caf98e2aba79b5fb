import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../run.ts';
import type { S3Server } from './s3-server.ts';

/** What a store has below a prefix, as a folder. @param prefix with the bucket, and a slash at its end */
export async function storedFolder({ objects }: S3Server, prefix: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'stored');
  for (const [name, { body }] of objects) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name.slice(prefix.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
  }
  return folder;
}
