import { statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../errors.ts';
import { temporaryName } from '../whole.ts';
import type { ByteRange, Store } from './store.ts';

/**
 * Fetches an object into a file, unless one of that size is there already. Errors: InputError for an object of another
 * size than `bytes`, where it is not 0: no size was recorded of decisions.
 */
export async function fetchFile(store: Store, key: string, target: string, bytes: number): Promise<void> {
  if (statSync(target, { throwIfNoEntry: false })?.size === bytes) return;
  await mkdir(dirname(target), { recursive: true });
  const own = temporaryName(target);
  try {
    const file = await open(own, 'wx');
    try {
      for await (const piece of store.get(key)) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    const { size } = statSync(own);
    if (bytes > 0 && size !== bytes)
      throw new InputError({
        expected: `an object of ${bytes} bytes, as the run has committed it`,
        got: `${size} bytes`,
        where: `${store.url}/${key}`,
        fix: 'Somebody changed it: restore it, or start over with --fresh.',
      });
    await rename(own, target);
  } finally {
    await rm(own, { force: true });
  }
}

/** A range of an object; its bytes, where they are known already. */
export interface Piece extends ByteRange {
  readonly bytes?: Uint8Array;
}

/**
 * Makes a file of this process alone that has pieces of an object at their places, in their order; without pieces it is
 * empty.
 */
export async function fetchPieces(store: Store, key: string, target: string, pieces: readonly Piece[]): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const file = await open(target, 'w');
  try {
    for (const { start, end, bytes } of pieces.filter((p) => p.end > p.start)) {
      let at = start;
      for await (const piece of bytes ? [bytes] : store.get(key, { range: { start, end } })) {
        for (let done = 0; done < piece.length; )
          done += (await file.write(piece, done, piece.length - done, at + done)).bytesWritten;
        at += piece.length;
      }
    }
    await file.truncate(pieces.reduce((end, p) => Math.max(end, p.end), 0));
  } finally {
    await file.close();
  }
}
