import { statSync } from 'node:fs';
import { placeOf } from '../files/stores/open-store.ts';
import { isUrl } from '../files/stores/url.ts';
import { loadXxhash } from '../hash.ts';
import { type Kernel, loadKernel } from '../kernels/kernel.ts';
import { parseOptions } from '../options.ts';
import { numberAt, stringAt } from '../streams/batch/columns.ts';
import { readSplit } from '../streams/formats/read-split.ts';
import { FORMATS } from '../streams/formats/table.ts';
import { type ReadOptions, readOptions } from '../streams/inputs/read-options.ts';
import { hasPlan, planLines } from '../streams/plan/plan-file.ts';
import { probeFile } from '../streams/plan/probe.ts';
import type { InputRange, PlannedFile } from '../streams/plan/splits.ts';
import type { RunFolder } from './run-folder.ts';

/** A document's text as it stands in the input, or why it cannot be read. */
export type OriginalText = { readonly text: string } | { readonly missing: string };

/** Of a position at which no document is read. */
export const GONE = 'nothing stands there any more';

const LABEL = /^(.*)#(\d+)\.(\d+)$/s;

/** Reads the document at a position (`file#block.offset`) again from the input of a run. */
export async function originalText(folder: RunFolder, position: string): Promise<OriginalText> {
  const label = LABEL.exec(position);
  if (label === null || !hasPlan(folder.path)) return { missing: 'its position is not known' };
  const [name, block, offset] = [label[1], Number(label[2]), Number(label[3])];
  const planned = await plannedOf(folder.path, name);
  if (planned === null) return { missing: 'its file is not in the plan of the run' };
  const { file, ranges } = planned;
  const changed = isUrl(file.absolutePath) ? await changedObject(file) : await changedFile(file);
  if (changed !== null) return { missing: changed };
  const read = parseOptions(
    readOptions,
    (folder.run.recipe as { readonly read?: object }).read,
    'run.json at recipe.read',
  );
  const kernel = idle ?? (await loadKernel());
  idle = null;
  const found = await textAt(file, rangesFor(file, ranges, block, offset), { block, offset }, read, kernel);
  kernel.release();
  idle = kernel;
  return found;
}

/** Made by an earlier question, which takes a tenth of a second; a kernel reads for one question at a time. */
let idle: Kernel | null = null;

async function textAt(
  file: PlannedFile,
  ranges: readonly InputRange[],
  { block, offset }: { readonly block: number; readonly offset: number },
  read: ReadOptions,
  kernel: Kernel,
): Promise<OriginalText> {
  const plan = { version: 1, files: [file], splits: [], skipped: [], warnings: [] } as const;
  for (const range of ranges) {
    const split = { index: 0, ranges: [range], estimatedTextBytes: 0 };
    for await (const batch of readSplit(split, plan, read, { kernel, onQuarantine: () => {} })) {
      for (let i = 0; i < batch.rows; i++) {
        if (numberAt(batch.number('block'), i) !== block || numberAt(batch.number('offset'), i) !== offset) continue;
        return { text: stringAt(batch.utf8('text'), i) ?? '' };
      }
    }
  }
  return { missing: GONE };
}

async function changedFile(file: PlannedFile): Promise<string | null> {
  const now = statSync(file.absolutePath, { throwIfNoEntry: false });
  if (now === undefined) return 'the input file is gone';
  const sameTime = file.mtimeMs === 0 || now.mtimeMs === file.mtimeMs;
  // Copied or touched: both ends of it tell whether it is the same.
  const same = now.size === file.size && (sameTime || (await hashOfEnds(file)) === file.probeHash);
  return same ? null : 'the input file has changed since the run';
}

async function changedObject({ absolutePath, version, size }: PlannedFile): Promise<string | null> {
  const { store, key } = placeOf(absolutePath);
  const now = await store.stat(key);
  if (now === null) return 'the input object is gone';
  const same = now.size === size && (now.version ?? undefined) === version;
  return same ? null : 'the input object has changed since the run';
}

/** Hash of both ends of a file, as the plan has it. */
async function hashOfEnds({ absolutePath }: PlannedFile): Promise<string> {
  const { h64Raw } = await loadXxhash();
  return h64Raw(probeFile(absolutePath).ends).toString(16).padStart(16, '0');
}

/** A file of the plan with its ranges, in which `file` is 0; the rest of the plan is read past. */
async function plannedOf(
  run: string,
  name: string,
): Promise<{ readonly file: PlannedFile; readonly ranges: readonly InputRange[] } | null> {
  let file: PlannedFile | null = null;
  let number = -1;
  const ranges: InputRange[] = [];
  for await (const line of planLines(run)) {
    if ('file' in line && file === null) {
      number++;
      if (line.file.path === name) file = line.file;
    }
    if ('split' in line && file !== null)
      for (const range of line.split.ranges) if (range.file === number) ranges.push({ ...range, file: 0 });
  }
  return file === null ? null : { file, ranges };
}

/** The ranges of the file in which the position can lie. */
function rangesFor(
  file: PlannedFile,
  ranges: readonly InputRange[],
  block: number,
  offset: number,
): readonly InputRange[] {
  if (['lines', 'records'].includes(FORMATS[file.format].ranges) && file.codec === 'none')
    return [{ file: 0, start: offset, end: offset + 1 }];
  const near = ranges.filter((r) => {
    const at = r.unpacked ? offset : block;
    return r.start <= at && at < r.end;
  });
  return near.length > 0 ? near : ranges;
}
