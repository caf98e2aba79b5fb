import { isUrl } from '../../files/stores/url.ts';
import { type FileWindow, openPlanned, type WindowOptions } from '../codecs/window.ts';
import type { InputRange, PlannedFile, Split, SplitPlan } from '../plan/splits.ts';
import { startOfUnpacking } from './own-lines.ts';
import { FORMATS } from './table.ts';

/** Windows of a split that are open at once, where its files lie in a store. */
const AHEAD = 16;
/** Bytes of them together. */
const AHEAD_BYTES = 8 * 1024 * 1024;

interface OpenedRange {
  readonly range: InputRange;
  readonly file: PlannedFile;
  /** Whoever takes it closes it. */
  readonly window: FileWindow;
}

/**
 * The ranges of a split with their files open. Small objects of a store are asked for while those before them are read:
 * a request takes longer than reading what it brings.
 */
export async function* openedRanges(
  split: Split,
  { files }: Pick<SplitPlan, 'files'>,
  options: Pick<WindowOptions, 'onBytes' | 'signal'>,
): AsyncGenerator<OpenedRange> {
  const { ranges } = split;
  const opened: Promise<FileWindow>[] = [];
  const open = (range: InputRange): Promise<FileWindow> => {
    const file = files[range.file];
    const window = openPlanned(file, { ...options, ...(isUrl(file.absolutePath) && readFirst(file, range)) });
    // Whoever takes it is told.
    window.catch(() => {});
    return window;
  };
  let taken = 0;
  try {
    for (; taken < ranges.length; taken++) {
      const bytesAhead = (): number =>
        ranges.slice(taken, opened.length + 1).reduce((n, r) => n + Math.min(files[r.file].size, r.end - r.start), 0);
      const isNear = (i: number): boolean =>
        i === taken || (isUrl(files[ranges[i].file].absolutePath) && i < taken + AHEAD && bytesAhead() <= AHEAD_BYTES);
      while (opened.length < ranges.length && isNear(opened.length)) opened.push(open(ranges[opened.length]));
      const range = ranges[taken];
      yield { range, file: files[range.file], window: await opened[taken] };
    }
  } finally {
    // The one that was taken last is closed by who took it.
    for (const window of opened.slice(taken + 1)) await (await window.catch(() => null))?.close(); // It never opened.
  }
}

/** Bytes of an object that are read first, one after the other. */
function readFirst(file: PlannedFile, range: InputRange): Pick<WindowOptions, 'from' | 'until'> {
  if (FORMATS[file.format].ranges === 'units') return {};
  if (file.codec === 'none' && FORMATS[file.format].ranges === 'lines')
    return { from: startOfUnpacking(range, file.codec), until: range.end };
  if (range.unpacked) return { from: 0 };
  return { from: startOfUnpacking(range, file.codec), until: range.end };
}
