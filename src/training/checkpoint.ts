import { InputError } from '../errors.ts';
import type { FileSystem } from '../files/file-system.ts';
import { loadXxhash } from '../hash.ts';
import type { Tensors } from '../models/executors/executor.ts';
import { openSafetensors } from '../models/folders/safetensors.ts';
import { writeSafetensors } from '../models/folders/write-safetensors.ts';
import type { Tensor } from '../models/tensor.ts';
import type { Json } from '../streams/operator.ts';
import type { Measurement } from './training-types.ts';

/** How far a training has come, beside weights and moments. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  readonly tokensSeen: number;
  /** Sum and number of the losses since the last measurement. */
  readonly lossSum: number;
  readonly lossSteps: number;
  readonly measurements: readonly Measurement[];
  /** What the source draws the next step by; null where that follows from the step alone. */
  readonly source: Json;
}

/** All that a training goes on from: weights, moments of the optimizer, and its progress. */
export interface Checkpoint {
  readonly state: Tensors;
  readonly progress: Progress;
}

export const BEGINNING: Progress = {
  step: 0,
  tokensSeen: 0,
  lossSum: 0,
  lossSteps: 0,
  measurements: [],
  source: null,
};

const FORMAT = '1';

/**
 * Writes a checkpoint as one safetensors file, which appears whole or not at all: weights under their names, moments
 * under `adam.m.` and `adam.v.`, progress and a hash of all of it as metadata. Errors: InputError for a full disk.
 */
export async function writeCheckpoint(
  path: string,
  { state, progress }: Checkpoint,
  fileSystem?: FileSystem,
): Promise<void> {
  const text = JSON.stringify(progress);
  const metadata = { format: 'pt', sluice_checkpoint: FORMAT, progress: text, hash: await hashOf(state, text) };
  await writeSafetensors(path, state, { metadata, fileSystem });
}

/** Errors: InputError for a file that is not a whole checkpoint as it was written. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openSafetensors(path);
  try {
    const { sluice_checkpoint: format, progress: text, hash } = file.metadata;
    if (format !== FORMAT)
      throw new InputError({
        expected: `a checkpoint of format ${FORMAT}`,
        got: format === undefined ? 'another safetensors file' : `format ${format}, of a later version of Sluice`,
        where: path,
      });
    const state = new Map<string, Tensor>();
    for (const name of file.entries.keys()) state.set(name, await file.read(name));
    if ((await hashOf(state, text)) !== hash)
      throw new InputError({ expected: `contents of hash ${hash}`, got: 'others', where: path });
    return { state, progress: JSON.parse(text) as Progress };
  } finally {
    await file.close();
  }
}

/** xxh64 over progress, names and bytes. */
async function hashOf(state: Tensors, progress: string): Promise<string> {
  const hash = (await loadXxhash()).create64();
  hash.update(progress);
  for (const [name, { data }] of state) {
    hash.update(name);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest().toString(16).padStart(16, '0');
}
