import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
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
  const lines: string[] = [];
  for (const file of files) lines.push(`${await hashOf(file.absolutePath)}  ${file.path}`);
  const text = `${lines.join('\n')}\n`;
  if (started === 'now') return writeWhole(kept, text);
  const before = (await readFile(kept, 'utf8')).split('\n');
  const other = lines.findIndex((line, i) => line !== before[i]);
  if (other < 0) return;
  throw new ConfigError({
    expected:
      `${files[other].path} with xxh64 ${before[other]?.slice(0, 16) ?? 'of no file'}, as when this run ` +
      'was started',
    got: lines[other].slice(0, 16),
    where: files[other].absolutePath,
    fix: 'Restore the file, start over with --fresh, or choose another folder with --output.',
  });
}

async function hashOf(path: string): Promise<string> {
  const hash = (await loadXxhash()).create64();
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part as Uint8Array);
  return hash.digest().toString(16).padStart(16, '0');
}
