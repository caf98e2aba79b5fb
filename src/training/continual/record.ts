import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { readIfThere, writeWhole } from '../../files/whole.ts';
import { canonicalJson } from '../../hash.ts';
import type { Json } from '../../streams/operator.ts';
import type { Measurement } from '../training-types.ts';

/** What decides the weights of a training, by names that an error can say. */
export type Begun = { readonly [part: string]: Json };

/** Contents of training.json in the folder of a training. */
export interface TrainingRecord {
  readonly format: 1;
  readonly kind: 'training';
  readonly sluice: string;
  /** `preparing`: its text is being curated. */
  readonly status: 'preparing' | 'training' | 'done';
  readonly recipe: string;
  /** Null while it is preparing. */
  readonly begun: Begun | null;
  readonly executor: string;
  /** Classes of the processors that took part: with more than one, nobody gets the same last digits again. */
  readonly processors: readonly string[];
  readonly parameters: number;
  /** Names of domains; those of old data begin with `old/`. */
  readonly domains: readonly string[];
  /** Tokens of each domain that are held out and measured on. */
  readonly heldOutTokens: Readonly<Record<string, number>>;
  readonly tokensPerStep: number;
  /** What was planned: from which step on, along which schedule, to which step. */
  readonly plans: readonly Plan[];
  readonly measurements: readonly Measurement[];
  /** How many steps on its own text bring each domain back; left out where nobody asked. */
  readonly revival?: Revival;
}

/** Counted at a constant rate, on nothing but the text of a domain. */
export interface Revival {
  /** Steps that were tried. */
  readonly most: number;
  /** Steps between two measurements: numbers of steps are multiples of it. */
  readonly every: number;
  /** How much more bits per byte than before still count as back, as a share. */
  readonly tolerance: number;
  readonly learningRate: number;
  /** Sequences of a step. */
  readonly sequences: number;
  /** By domain; 0: it was no worse. Null: more than were tried. */
  readonly steps: Readonly<Record<string, number | null>>;
}

export interface Plan {
  readonly fromStep: number;
  readonly steps: number;
  readonly schedule: { readonly name: string; readonly options: Json };
}

export const RECORD = 'training.json';

/**
 * The record in a folder; null where there is none. Errors: ConfigError for one that is none, or of a later version.
 */
export async function readRecord(folder: string): Promise<TrainingRecord | null> {
  const where = join(folder, RECORD);
  const text = await readIfThere(where);
  if (text === null) return null;
  let record: Partial<TrainingRecord> | null;
  try {
    record = JSON.parse(text) as Partial<TrainingRecord> | null;
  } catch (cause) {
    throw new ConfigError({ expected: 'the record of a training', got: (cause as Error).message, where, cause });
  }
  const { kind, format } = record ?? {};
  if (kind === 'training' && format === 1) return record as TrainingRecord;
  throw new ConfigError({
    expected: 'the record of a training, format 1',
    got: kind === 'training' ? `format ${format}, of a later version` : 'other JSON',
    where,
    fix: 'Choose another --output.',
  });
}

export const writeRecord = (folder: string, record: TrainingRecord): Promise<void> =>
  writeWhole(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);

/** Errors: ConfigError that names the first part in which a training was begun with something else. */
export function refuseOther(before: Begun, now: Begun, folder: string): void {
  for (const part of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [canonicalJson(before[part] ?? null), canonicalJson(now[part] ?? null)];
    if (was === is) continue;
    throw new ConfigError({
      problem: `this training was begun with another ${part}: ${clipped(was)}, now ${clipped(is)}`,
      expected: `the ${part} that this training was begun with: ${was}`,
      got: is,
      where: folder,
      fix: 'Go on with the same, choose another --output, or start again with --fresh.',
    });
  }
}

const clipped = (json: string): string => (json.length > 90 ? `${json.slice(0, 90)}...` : json);
