import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { fileLines, partsOfLines } from '../../files/lines.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { writeWhole } from '../../files/whole.ts';
import { canonicalJson } from '../../hash.ts';
import type { PlannedFile, Split, SplitPlan } from './splits.ts';

/** The plan of a run, in its folder. */
export const PLAN_FILE = 'plan.jsonl';
/** Of runs of earlier versions: the whole plan as one JSON object. */
export const OLD_PLAN_FILE = 'plan.json';

const FORMAT = 2;

/** First line: how many lines of each kind follow. */
interface Head {
  readonly format: number;
  readonly files: number;
  readonly splits: number;
  readonly skipped: number;
  readonly warnings: number;
}

/** A line of the plan; files, then splits, each in the order of the plan. */
export type PlanLine =
  | { readonly file: PlannedFile }
  | { readonly split: Split }
  | { readonly skipped: SplitPlan['skipped'][number] }
  | { readonly warning: string };

function* linesOf(plan: Omit<SplitPlan, 'version'>): Generator<PlanLine> {
  // An address may hold a signature: that is nobody's to keep.
  for (const file of plan.files) yield { file: { ...file, absolutePath: shownUrl(file.absolutePath) } };
  for (const split of plan.splits) yield { split };
  for (const skipped of plan.skipped) yield { skipped };
  for (const warning of plan.warnings) yield { warning };
}

/** True when a run directory has a plan, of any version. */
export const hasPlan = (run: string): boolean =>
  existsSync(join(run, PLAN_FILE)) || existsSync(join(run, OLD_PLAN_FILE));

/**
 * Writes the plan of a run, a line per file and split: as one JSON string it would end at about two million files,
 * where V8 has no longer strings.
 */
export async function writePlan(run: string, plan: SplitPlan): Promise<void> {
  const head: Head = {
    format: FORMAT,
    files: plan.files.length,
    splits: plan.splits.length,
    skipped: plan.skipped.length,
    warnings: plan.warnings.length,
  };
  function* text(): Generator<string> {
    yield canonicalJson(head);
    for (const line of linesOf(plan)) yield canonicalJson(line);
  }
  await writeWhole(join(run, PLAN_FILE), partsOfLines(text()));
}

/**
 * Reads the plan of a run line by line; nothing when it has none. Errors: InputError when a line is no JSON, lines are
 * missing, or the format is another.
 */
export async function* planLines(run: string): AsyncGenerator<PlanLine> {
  const path = join(run, PLAN_FILE);
  if (!existsSync(path)) {
    const old = join(run, OLD_PLAN_FILE);
    if (existsSync(old)) yield* linesOf(parsed(old, await readFile(old, 'utf8')));
    return;
  }
  const handle = await open(path, 'r');
  try {
    let head: Head | null = null;
    let lines = 0;
    for await (const { bytes } of fileLines(handle, (await handle.stat()).size)) {
      if (head !== null) {
        lines++;
        yield parsed<PlanLine>(path, bytes.toString('utf8'));
        continue;
      }
      head = parsed<Head>(path, bytes.toString('utf8'));
      if (head.format !== FORMAT) throw damaged(path, `a plan of format ${FORMAT}`, String(head.format));
    }
    const told = head === null ? 1 : head.files + head.splits + head.skipped + head.warnings;
    if (lines !== told) throw damaged(path, `${told} lines after the first`, String(lines));
  } finally {
    await handle.close();
  }
}

/** The whole plan of a run. Errors: as of `planLines`. */
export async function readPlan(run: string): Promise<SplitPlan> {
  const files: PlannedFile[] = [];
  const splits: Split[] = [];
  const skipped: SplitPlan['skipped'][number][] = [];
  const warnings: string[] = [];
  for await (const line of planLines(run)) {
    if ('file' in line) files.push(line.file);
    else if ('split' in line) splits.push(line.split);
    else if ('skipped' in line) skipped.push(line.skipped);
    else warnings.push(line.warning);
  }
  return { version: 1, files, splits, skipped, warnings };
}

/** Files of the plan of a run, in its order. */
export async function* plannedFiles(run: string): AsyncGenerator<PlannedFile> {
  for await (const line of planLines(run)) {
    if (!('file' in line)) return;
    yield line.file;
  }
}

function parsed<T>(path: string, json: string): T {
  try {
    return JSON.parse(json) as T;
  } catch (cause) {
    throw damaged(path, 'JSON', (cause as Error).message, cause);
  }
}

const damaged = (path: string, expected: string, got: string, cause?: unknown): InputError =>
  new InputError({
    expected,
    got,
    where: path,
    fix: 'The disk or another program changed it. Restore the file, or start over with --fresh.',
    cause,
  });
