/**
 * Random access to a file through one buffered window: reads always fill it, so what comes back never depends on the
 * file system's mood.
 */
export interface FileWindow {
  readonly size: number;
  /** At least `wanted` bytes from `position`, fewer only at the end of the file; a view that dies at the next call. */
  at(position: number, wanted?: number): Promise<Uint8Array>;
  /**
   * Exactly `bytes` (fewer at the end), from the window when it has them, else without moving it: for headers far
   * apart.
   */
  peek(position: number, bytes: number): Promise<Uint8Array>;
  /** Like `at`, but never more than `bytes`, in a buffer of its own. */
  copy(position: number, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Tells that these bytes are read soon: a store begins to send them. Of a file on a disk absent. */
  readonly willRead?: (start: number, end: number) => void;
  close(): Promise<void>;
}

/** A file of a disk or a store, as it was planned. */
export interface FilePlace {
  /** A path, or the URL of an object in a store. */
  readonly absolutePath: string;
  readonly size: number;
  /** Of an object: names its content. */
  readonly version?: string;
  /** Of an object: it is not kept in the local cache. */
  readonly uncached?: true;
}

export interface WindowOptions {
  /** Bytes of the file that were read since the last call, those read twice only once. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Of an object in a store: only this version is read. */
  readonly version?: string | null;
  /** Bytes that are read first, one after the other; what is read ahead ends with them. */
  readonly from?: number;
  readonly until?: number;
  /** False: what is read of an object is not kept on this disk. */
  readonly cached?: boolean;
}
