import type { FileSystem } from '../../files/file-system.ts';

/** Takes every write and keeps nothing but its length. */
export function countingFileSystem(written: Map<string, number>): FileSystem {
  const paths = new Map<object, string>();
  const nothing = async (): Promise<void> => {};
  return {
    async open(path) {
      const file = {} as Awaited<ReturnType<FileSystem['open']>>;
      paths.set(file, path);
      return file;
    },
    async write(file, bytes) {
      const path = paths.get(file)!;
      written.set(path, (written.get(path) ?? 0) + bytes.length);
    },
    read: async () => 0,
    size: async (file) => written.get(paths.get(file)!) ?? 0,
    fsync: nothing,
    close: nothing,
    rename: nothing,
    unlink: nothing,
    fsyncFolder: nothing,
  };
}
