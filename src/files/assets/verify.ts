import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** SHA-256 of a file, in pieces of 1 MiB. */
export function hashOfFile(path: string): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let n = readSync(file, piece); n > 0; n = readSync(file, piece)) hash.update(piece.subarray(0, n));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** What a file was when its hash was right: a change of its bytes changes one of these. */
const verified = new Map<string, string>();

/** Whether the bytes of a file have a hash. One that had it is read again only when its inode or its times changed. */
export function hasHash(path: string, sha256: string): boolean {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const seen = `${sha256} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  if (verified.get(path) === seen) return true;
  if (hashOfFile(path) !== sha256) return false;
  verified.set(path, seen);
  return true;
}
