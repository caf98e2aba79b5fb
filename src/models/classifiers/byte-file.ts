import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError, InputError } from '../../errors.ts';

/** A file of numbers, little-endian, read at places. */
export interface ByteFile {
  readonly path: string;
  readonly size: number;
  /** Reads into a view, from `at` on. Errors: InputError, with the place, where the file is shorter. */
  into(view: ArrayBufferView, at: number, what: string): void;
  read(at: number, bytes: number, what: string): Buffer;
  close(): void;
}

/** Bytes of one call of the system. */
const PART = 1 << 26;

/** Errors: ConfigError when the file is not there or is no file. */
export function openByteFile(path: string, what: string): ByteFile {
  const fd = opened(path, what);
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new ConfigError({ expected: what, got: 'no file', where: path });
  }
  const { size } = stat;
  const file: ByteFile = {
    path,
    size,
    into(view, at, part) {
      const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
      for (let done = 0; done < bytes.length; ) {
        const got = readSync(fd, bytes, done, Math.min(PART, bytes.length - done), at + done);
        if (got === 0) throw tooShort(path, size, at, bytes.length, part);
        done += got;
      }
    },
    read(at, bytes, part) {
      if (at + bytes > size) throw tooShort(path, size, at, bytes, part);
      const out = Buffer.alloc(bytes);
      file.into(out, at, part);
      return out;
    },
    close: () => closeSync(fd),
  };
  return file;
}

function opened(path: string, what: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new ConfigError({ expected: what, got: (cause as Error).message, where: path, cause });
  }
}

export const tooShort = (path: string, size: number, at: number, bytes: number, what: string): InputError =>
  new InputError({
    problem: `${path} ends before its ${what}: it is damaged, or was not copied to its end`,
    expected: `${bytes} bytes of ${what} from byte ${at} on`,
    got: `a file of ${size} bytes`,
    where: path,
    fix: 'Fetch the file again.',
  });

/** Reads forward through a file, with a buffer. */
export interface Cursor {
  at(): number;
  int32(what: string): number;
  int64(what: string): number;
  float64(what: string): number;
  byte(what: string): number;
  /** Bytes up to a NUL, which is passed over; a view that dies at the next call. */
  string(what: string): Buffer;
  skip(bytes: number): void;
}

const BUFFER = 1 << 20;

export function cursorOver(file: ByteFile): Cursor {
  let buffer: Buffer = Buffer.alloc(0);
  /** Where `buffer` begins in the file, and the next byte in it. */
  let base = 0;
  let next = 0;
  const need = (bytes: number, what: string): number => {
    if (next + bytes > buffer.length) {
      base += next;
      next = 0;
      if (base + bytes > file.size) throw tooShort(file.path, file.size, base, bytes, what);
      buffer = file.read(base, Math.min(Math.max(BUFFER, bytes), file.size - base), what);
    }
    next += bytes;
    return next - bytes;
  };
  return {
    at: () => base + next,
    int32: (what) => {
      const at = need(4, what);
      return buffer.readInt32LE(at);
    },
    int64: (what) => {
      const at = need(8, what);
      return Number(buffer.readBigInt64LE(at));
    },
    float64: (what) => {
      const at = need(8, what);
      return buffer.readDoubleLE(at);
    },
    byte: (what) => {
      const at = need(1, what);
      return buffer[at];
    },
    string(what) {
      let end = buffer.indexOf(0, next);
      for (let more = BUFFER; end < 0; more *= 2) {
        const had = buffer.length - next;
        if (base + next + had >= file.size) throw tooShort(file.path, file.size, base + next, had + 1, what);
        next = need(Math.min(had + more, file.size - base - next), what);
        end = buffer.indexOf(0, next);
      }
      const found = buffer.subarray(next, end);
      next = end + 1;
      return found;
    },
    skip(bytes) {
      base += next + bytes;
      next = 0;
      buffer = Buffer.alloc(0);
    },
  };
}
