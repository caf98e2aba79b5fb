import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { unpack } from '../../streams/codecs/unpack.ts';
import { type FileWindow, openPlanned } from '../../streams/codecs/window.ts';
import { damageOnly } from '../../streams/formats/format.ts';
import { FORMATS } from '../../streams/formats/table.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import type { PlannedFile, SplitPlan } from '../../streams/plan/splits.ts';
import type { Place } from './probe-places.ts';

/** Of a packed file, so much is unpacked to see how well it is packed. */
const UNPACKED_BYTES = 6e6;

/** Where the documents of a place begin and end that were read. */
export class Spans {
  rows = 0;
  #first: { block: number; offset: number } | null = null;
  #last = { block: 0, offset: 0 };
  /** Text of the last document. */
  #lastBytes = 0;

  add(batch: DocumentBatch): void {
    const at = (row: number) => ({
      block: Number(batch.number('block').values[row]),
      offset: Number(batch.number('offset').values[row]),
    });
    this.#first ??= at(0);
    this.#last = at(batch.rows - 1);
    const { offsets } = batch.utf8('text');
    this.#lastBytes = offsets[batch.rows] - offsets[batch.rows - 1];
    this.rows += batch.rows;
  }

  /**
   * Bytes on disk from the first document to the end of the last, whose length is that of the others, or of its text if
   * that is longer. @param ratio unpacked bytes per packed one
   */
  packedBytes(ratio: number): number {
    if (this.#first === null || this.rows < 2) return 0;
    const at = ({ block, offset }: { block: number; offset: number }): number => block + offset / ratio;
    const before = at(this.#last) - at(this.#first);
    return before + Math.max(before / (this.rows - 1), this.#lastBytes / ratio);
  }
}

export interface Measures {
  /** Unpacked bytes per byte of a packed file. */
  ratio(file: PlannedFile): Promise<number>;
  /**
   * Share of a place that was read, when it was not read to its end. @param progress bytes on disk that were asked for
   */
  share(place: Place, spans: Spans, progress: number): Promise<number>;
}

/** Measures files when asked, each once. */
export function measuresOf({ files }: SplitPlan, options: ReadOptions): Measures {
  const ratios = new Map<PlannedFile, Promise<number>>();
  const units = new Map<PlannedFile, Promise<readonly number[]>>();
  const once = <T>(known: Map<PlannedFile, Promise<T>>, file: PlannedFile, measure: () => Promise<T>): Promise<T> => {
    const value = known.get(file) ?? measure();
    known.set(file, value);
    return value;
  };
  const ratio = (file: PlannedFile) => once(ratios, file, () => ratioOf(file, options));
  return {
    ratio,
    async share({ ranges, bytes }, spans, progress) {
      const [range] = ranges;
      const file = files[range.file];
      const byProgress = Math.min(1, Math.max(progress, 1) / Math.max(1, bytes));
      if (ranges.length > 1) return byProgress;
      if (FORMATS[file.format].ranges === 'units') {
        const rows = await once(units, file, () => rowsOf(file, options));
        const all = rows.slice(range.start, range.end).reduce((a, b) => a + b, 0);
        return all > 0 ? Math.min(1, spans.rows / all) : byProgress;
      }
      const read = spans.packedBytes(file.codec === 'none' ? 1 : await ratio(file));
      return read > 0 ? Math.min(1, read / bytes) : byProgress;
    },
  };
}

/** Unpacked bytes per packed byte of the beginning of a file; of all of a small one. */
async function ratioOf(file: PlannedFile, { maxRatio }: ReadOptions): Promise<number> {
  const window = await openPlanned(file);
  let packed = 0;
  const watched: FileWindow = {
    ...window,
    at: (position, wanted) => {
      packed = Math.max(packed, position);
      return window.at(position, wanted);
    },
  };
  try {
    let bytes = 0;
    for await (const piece of unpack(watched, file.codec, 0, { maxRatio, windowBytes: file.windowBytes })) {
      if ('damage' in piece) return packed > 0 && bytes > 0 ? bytes / packed : 1;
      // What came before this piece was made of what lies before its bytes.
      if (bytes > UNPACKED_BYTES && packed > 0) return bytes / packed;
      bytes += piece.bytes.length;
    }
    return Math.max(1e-3, bytes / file.size);
  } finally {
    await window.close();
  }
}

/** Rows of every unit; none where the file is damaged, which the reader tells. */
async function rowsOf(file: PlannedFile, options: ReadOptions): Promise<readonly number[]> {
  const window = await openPlanned(file);
  try {
    return (await FORMATS[file.format].unitRows?.(window, options)) ?? [];
  } catch (error) {
    damageOnly(error);
    return [];
  } finally {
    await window.close();
  }
}
