import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { fileLines, partsOfLines } from '../../files/lines.ts';
import { placeOf } from '../../files/stores/open-store.ts';
import { isUrl, shownUrl } from '../../files/stores/url.ts';
import { writeWhole } from '../../files/whole.ts';
import { loadXxhash } from '../../hash.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/** xxh64 of every input file, a line each: 16 hexadecimal digits, two spaces, the path. */
export const INPUT_HASHES = 'input.xxh64';

/**
 * Reads all input files to the last byte. At the first start of a run their hashes are kept in the run directory; at
 * later ones they must be the same. Without it only size, time and both ends of each file are compared. Errors:
 * ConfigError for a file with other bytes, or when the run was not started with it.
 */
export async function verifyInput(
  runDirectory: string,
  files: readonly PlannedFile[],
  started: 'now' | 'before',
): Promise<void> {
  const kept = join(runDirectory, INPUT_HASHES);
  if (started === 'before' && !existsSync(kept)) {
    throw new ConfigError({
      expected: 'hashes of the input from the start of this run',
      got: 'none: it was started without --verify-input',
      where: kept,
      fix:
        'Drop --verify-input (size, time and both ends of each file are always compared), or start over with ' +
        '--fresh.',
    });
  }
  const hashes: string[] = [];
  for (const file of files) hashes.push(await hashOf(file));
  if (started === 'now') return writeWhole(kept, partsOfLines(files.map((file, i) => `${hashes[i]}  ${file.path}`)));
  const other = await firstOther(kept, files, hashes);
  if (other === null) return;
  throw new ConfigError({
    expected: `${other.file.path} with xxh64 ${other.before ?? 'of no file'}, as when this run was started`,
    got: other.now,
    where: shownUrl(other.file.absolutePath),
    fix: 'Restore the file, start over with --fresh, or choose another folder with --output.',
  });
}

/** The first file whose line is another one than was kept. */
async function firstOther(
  kept: string,
  files: readonly PlannedFile[],
  hashes: readonly string[],
): Promise<{ file: PlannedFile; now: string; before: string | null } | null> {
  const handle = await open(kept, 'r');
  try {
    let i = 0;
    for await (const { bytes } of fileLines(handle, (await handle.stat()).size)) {
      const line = bytes.toString('utf8');
      if (i < files.length && line !== `${hashes[i]}  ${files[i].path}`)
        return { file: files[i], now: hashes[i], before: line.slice(0, 16) };
      i++;
    }
    return i < files.length ? { file: files[i], now: hashes[i], before: null } : null;
  } finally {
    await handle.close();
  }
}

async function hashOf({ absolutePath, version }: PlannedFile): Promise<string> {
  const hash = (await loadXxhash()).create64();
  const remote = isUrl(absolutePath) ? placeOf(absolutePath) : null;
  const parts: AsyncIterable<Uint8Array> = remote
    ? remote.store.get(remote.key, { version })
    : createReadStream(absolutePath, { highWaterMark: 1024 * 1024 });
  for await (const part of parts) hash.update(part);
  return hash.digest().toString(16).padStart(16, '0');
}
