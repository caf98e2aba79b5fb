import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadKernel } from '../kernels/kernel.ts';
import { parseOptions } from '../options.ts';
import { numberAt, stringAt } from '../streams/batch/columns.ts';
import { readSplit } from '../streams/formats/read-split.ts';
import { FORMATS } from '../streams/formats/table.ts';
import { readOptions } from '../streams/inputs/read-options.ts';
import type { InputRange, PlannedFile, SplitPlan } from '../streams/plan/splits.ts';
import type { RunFolder } from './run-folder.ts';

/** A document's text as it stands in the input, or why it cannot be read. */
export type OriginalText = { readonly text: string } | { readonly missing: string };

const LABEL = /^(.*)#(\d+)\.(\d+)$/s;

/** Reads the document at a position (`file#block.offset`) again from the input of a run. */
export async function originalText(folder: RunFolder, position: string): Promise<OriginalText> {
  const path = join(folder.path, 'plan.json');
  const label = LABEL.exec(position);
  if (label === null || !existsSync(path)) return { missing: 'its position is not known' };
  const plan = JSON.parse(readFileSync(path, 'utf8')) as SplitPlan;
  const [name, block, offset] = [label[1], Number(label[2]), Number(label[3])];
  const number = plan.files.findIndex((f) => f.path === name);
  if (number < 0) return { missing: 'its file is not in the plan of the run' };
  const file = plan.files[number];
  const now = statSync(file.absolutePath, { throwIfNoEntry: false });
  if (now === undefined) return { missing: 'the input file is gone' };
  if (now.size !== file.size || (file.mtimeMs !== 0 && now.mtimeMs !== file.mtimeMs))
    return { missing: 'the input file has changed since the run' };
  const read = parseOptions(
    readOptions,
    (folder.run.recipe as { readonly read?: object }).read,
    'run.json at recipe.read',
  );
  const kernel = await loadKernel();
  for (const range of rangesFor(plan, file, number, block, offset)) {
    const split = { index: 0, ranges: [range], estimatedTextBytes: 0 };
    for await (const batch of readSplit(split, plan, read, { kernel, onQuarantine: () => {} })) {
      for (let i = 0; i < batch.rows; i++) {
        if (numberAt(batch.number('block'), i) !== block || numberAt(batch.number('offset'), i) !== offset) continue;
        return { text: stringAt(batch.utf8('text'), i) ?? '' };
      }
    }
  }
  return { missing: 'nothing stands there any more' };
}

/** The ranges of the file in which the position can lie. */
function rangesFor(plan: SplitPlan, file: PlannedFile, number: number, block: number, offset: number): InputRange[] {
  if (FORMATS[file.format].ranges === 'lines' && file.codec === 'none')
    return [{ file: number, start: offset, end: offset + 1 }];
  const ranges = plan.splits.flatMap((s) => s.ranges.filter((r) => r.file === number));
  const near = ranges.filter((r) => {
    const at = r.unpacked ? offset : block;
    return r.start <= at && at < r.end;
  });
  return near.length > 0 ? near : ranges;
}
