import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import type { SlurmOptions } from '../../run/nodes/launch/slurm.ts';
import { refuseOwnOptions, refuseShortLimit } from '../../run/nodes/launch/slurm-time.ts';
import { LEAST_MEMORY, parseBytes } from '../../run/options.ts';
import { type OptionSpecs, type Values, wholeNumber } from '../command.ts';

/** What tasks get. */
export const slurmSpecs = {
  'array-limit': { value: 'N', help: 'Most tasks of one array (scontrol show config: MaxArraySize). Default 1000.' },
  cpus: { value: 'N', help: 'CPUs, and threads, of each task. Default 4.' },
  memory: {
    value: 'SIZE',
    help:
      'Buffer budget of each task. Default 1GB. Slurm is asked for that, 512 MiB for Node, and once more the budget ' +
      'where the recipe runs models; --sbatch=--mem=SIZE asks for something else.',
  },
  time: {
    value: 'LIMIT',
    help: 'Time limit of each task as sbatch takes it: 90 is minutes, 4:00:00 hours, 2-0 days. Default 4:00:00.',
  },
  warn: {
    value: 'SECONDS',
    help: 'So long before the limit a task commits the splits in work and is queued again. Default 300.',
  },
  sbatch: { value: 'OPTION', many: true, help: 'A further option of sbatch, as in --sbatch=--partition=cpu.' },
} as const satisfies OptionSpecs;

type Asked = Omit<SlurmOptions, 'program' | 'run' | 'logs' | 'ask'>;

const ASKED = `${TASKS_FOLDER}/slurm.json`;

/** As it was given, else as it was before, else the default. Errors: ConfigError for what Slurm would not take. */
export function askedNow(values: Values<typeof slurmSpecs>, before: Partial<Asked>): Asked {
  const now = {
    arrayLimit: wholeNumber(values['array-limit'], '--array-limit') ?? before.arrayLimit ?? 1000,
    cpus: wholeNumber(values.cpus, '--cpus') ?? before.cpus ?? 4,
    memory: values.memory ?? before.memory ?? '1GB',
    time: values.time ?? before.time ?? '4:00:00',
    warnSeconds: wholeNumber(values.warn, '--warn') ?? before.warnSeconds ?? 300,
    sbatch: values.sbatch.length > 0 ? values.sbatch : (before.sbatch ?? []),
  };
  parseBytes(now.memory, '--memory', LEAST_MEMORY);
  refuseShortLimit(now.time, now.warnSeconds);
  refuseOwnOptions(now.sbatch);
  return now;
}

/** The same of a planned run, which keeps it, so that a retry cuts arrays as they were. */
export async function asked(run: SharedFolder, values: Values<typeof slurmSpecs>, print: boolean): Promise<Asked> {
  const text = await run.read(ASKED);
  const now = askedNow(values, text === null ? {} : (JSON.parse(text) as Asked));
  if (!print) await run.put(ASKED, `${JSON.stringify(now, null, 2)}\n`);
  return now;
}
