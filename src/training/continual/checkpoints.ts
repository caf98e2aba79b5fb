import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, inOneLine } from '../../errors.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import type { Measurement } from '../training-types.ts';

/** Which checkpoints of a training are kept. */
export interface Retention {
  /** The newest ones; 2 or more, so that there is one before a damaged one. Default 2. */
  readonly last?: number;
  /** The one with the fewest bits per byte of those that were measured. Default true. */
  readonly best?: boolean;
  /** Those of every so many steps. Default null: none. */
  readonly every?: number | null;
}

const NAME = /^step-(\d{8,})\.safetensors$/;
const TEMPORARY = /^step-\d{8,}\.safetensors\.[0-9a-f]{12}\.tmp$/;

const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`;

/** Steps to keep of those that there are. Pure. */
export function keptSteps(
  steps: readonly number[],
  measurements: readonly Measurement[],
  { last = 2, best = true, every = null }: Retention,
): number[] {
  const sorted = [...steps].sort((a, b) => a - b);
  const keep = new Set(sorted.slice(-Math.max(2, last)));
  const measured = measurements.filter((m) => m.bitsPerByte !== null && sorted.includes(m.step));
  const [top] = measured.sort((a, b) => a.bitsPerByte! - b.bitsPerByte! || a.step - b.step);
  if (best && top) keep.add(top.step);
  return sorted.filter((step) => keep.has(step) || (every !== null && step % every === 0));
}

/** The folder of a training's checkpoints, `step-00000120.safetensors` and so on. */
export class Checkpoints {
  readonly folder: string;
  readonly #retention: Retention;
  readonly #fileSystem: FileSystem | undefined;

  private constructor(folder: string, retention: Retention, fileSystem: FileSystem | undefined) {
    this.folder = folder;
    this.#retention = retention;
    this.#fileSystem = fileSystem;
  }

  /** Makes the folder, and removes what killed processes left half written. */
  static async open(folder: string, retention: Retention, fileSystem?: FileSystem): Promise<Checkpoints> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
    return new Checkpoints(folder, retention, fileSystem);
  }

  /** Ascending. */
  async steps(): Promise<number[]> {
    const names = await readdir(this.folder);
    return names.flatMap((name) => (NAME.test(name) ? [Number(NAME.exec(name)![1])] : [])).sort((a, b) => a - b);
  }

  /**
   * The newest checkpoint that can be read; null where there is none at all. Errors: ConfigError where there are some
   * and none can be read.
   * @param onDamaged told about each that cannot be read
   */
  async newest(onDamaged: (text: string) => void): Promise<Checkpoint | null> {
    const steps = await this.steps();
    for (const step of steps.toReversed()) {
      try {
        return await readCheckpoint(this.pathOf(step));
      } catch (error) {
        const [before] = steps.filter((s) => s < step).slice(-1);
        const next = before === undefined ? 'there is none before it' : `going on from step ${before}`;
        onDamaged(`the checkpoint of step ${step} is damaged, ${next}: ${inOneLine(error)}`);
      }
    }
    if (steps.length === 0) return null;
    throw new ConfigError({
      expected: 'a checkpoint that can be read',
      got: `${steps.length} damaged ones`,
      where: this.folder,
      fix: 'Put one back from a copy, or start again with --fresh.',
    });
  }

  pathOf(step: number): string {
    return join(this.folder, nameOf(step));
  }

  /** Keeps a checkpoint, then deletes those that need not be kept. Errors: InputError for a full disk. */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { step, measurements } = checkpoint.progress;
    await writeCheckpoint(this.pathOf(step), checkpoint, this.#fileSystem);
    const steps = await this.steps();
    // What lies after this step was of a training that went on from further on, and was damaged.
    const kept = keptSteps(
      steps.filter((s) => s <= step),
      measurements,
      this.#retention,
    );
    for (const old of steps) if (!kept.includes(old)) await rm(this.pathOf(old), { force: true });
  }
}
