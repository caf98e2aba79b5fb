import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import { type Fleet, type FleetPhase, fleetPhases, openFleet } from '../../run/nodes/fleet.ts';
import {
  finishJob,
  jobName,
  phaseJob,
  QUEUE_FORMAT,
  queuedOf,
  type SlurmJob,
  type SlurmOptions,
} from '../../run/nodes/launch/slurm.ts';
import { undone } from '../../run/nodes/outcome.ts';
import { withShared } from '../../run/nodes/shared.ts';
import { shellWord } from '../../safe-text.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { type Command, type OptionSpecs, parseCommandLine, type Values, wholeNumber } from '../command.ts';
import { recipeFrom, recipeSpecs } from '../recipe-options.ts';
import { plural } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { launchProgram } from './launch-program.ts';
import { nodesSpecs, planForNodes } from './plan-nodes.ts';
import { isRunFolder } from './run-shard.ts';

const options = {
  ...recipeSpecs,
  output: {
    value: 'DIR',
    help: 'Run directory, on a file system that all nodes see, or s3://bucket/prefix. Default sluice-out/<recipe>.',
  },
  sample: { value: 'P%', help: 'Only about P percent of the documents.' },
  nodes: { value: 'N', help: 'Logical shards. Default 64. More than the array limit is fine.' },
  'shard-size': nodesSpecs['shard-size'],
  'array-limit': { value: 'N', help: 'Most tasks of one array (scontrol show config: MaxArraySize). Default 1000.' },
  cpus: { value: 'N', help: 'CPUs, and threads, of each task. Default 4.' },
  memory: { value: 'SIZE', help: 'Buffer budget of each task. Default 1GB; Node itself takes about 300 MB more.' },
  time: { value: 'LIMIT', help: 'Time limit of each task as sbatch takes it. Default 4:00:00.' },
  warn: {
    value: 'SECONDS',
    help: 'So long before the limit a task commits the splits in work and is queued again. Default 300.',
  },
  sbatch: { value: 'OPTION', many: true, help: 'A further option of sbatch, as in --sbatch=--partition=cpu.' },
  retry: {
    help: 'Of a run that is planned: submit only what is missing and not in the queue, with the options of before.',
  },
  print: { help: 'Print what would be submitted, and submit nothing.' },
  json: { help: 'One JSON object with the job ids on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('slurm', args, options, ['recipe-or-run-dir']);
  const [given] = positionals;
  let folder = given;
  if (!(await isRunFolder(given))) {
    if (values.retry)
      throw new ConfigError({
        expected: 'the directory of a planned run',
        got: `'${given}'`,
        where: 'sluice slurm --retry',
        fix: 'Give the folder that the run was planned into.',
      });
    const recipe = await recipeFrom(given, values);
    folder = values.output ?? join('sluice-out', recipe.name);
    const rest = { fresh: false, limit: undefined, json: false };
    await planForNodes(given, { ...values, ...rest, nodes: values.nodes ?? '64', output: folder }, true);
  }
  return withShared(folder, async (shared) => submit(await openFleet(shared), values));
}

async function submit(fleet: Fleet, values: Values<typeof options>): Promise<number> {
  // Slurm writes its logs to files: those of a run in a store lie where it is submitted.
  const logs = fleet.shared.stored === null ? join(fleet.path, TASKS_FOLDER) : resolve('slurm-logs');
  if (!values.print) await mkdir(logs, { recursive: true });
  const slurm: SlurmOptions = {
    ...(await asked(fleet.shared, values)),
    program: launchProgram(),
    run: fleet.name,
    logs,
  };
  const { steps } = fleet.run.recipe as unknown as { readonly steps: readonly StepDescriptor[] };
  const submitted = await submitChain(fleet, fleetPhases(steps, fleet.nodes), slurm, values.print);
  const { out } = standardOutput();
  if (values.json) out(JSON.stringify({ run: fleet.path, jobs: submitted }));
  else if (!values.print) {
    const sum = submitted.filter((s) => s.id !== null);
    out(`Submitted ${plural(sum.length, 'job')}${sum.map((s) => ` ${s.name}=${s.id}`).join('')}.`);
  }
  return 0;
}

type Asked = Omit<SlurmOptions, 'program' | 'run' | 'logs'>;

const ASKED = `${TASKS_FOLDER}/slurm.json`;

/** What tasks get: as it was given, else as it was the last time, so that a retry cuts arrays as they were. */
async function asked(run: SharedFolder, values: Values<typeof options>): Promise<Asked> {
  const text = await run.read(ASKED);
  const before: Partial<Asked> = text === null ? {} : (JSON.parse(text) as Asked);
  const now: Asked = {
    arrayLimit: wholeNumber(values['array-limit'], '--array-limit') ?? before.arrayLimit ?? 1000,
    cpus: wholeNumber(values.cpus, '--cpus') ?? before.cpus ?? 4,
    memory: values.memory ?? before.memory ?? '1GB',
    time: values.time ?? before.time ?? '4:00:00',
    warnSeconds: wholeNumber(values.warn, '--warn') ?? before.warnSeconds ?? 300,
    sbatch: values.sbatch.length > 0 ? values.sbatch : (before.sbatch ?? []),
  };
  if (!values.print) await run.put(ASKED, `${JSON.stringify(now, null, 2)}\n`);
  return now;
}

/** Submits every phase that is not complete, each after the one before it, then the end. */
async function submitChain(
  { name: run, shared }: Fleet,
  phases: readonly FleetPhase[],
  slurm: SlurmOptions,
  print: boolean,
) {
  const queued = queuedOf(print ? [] : await queue(), run);
  const submitted: { name: string; id: string | null }[] = [];
  let before: readonly string[] = [];
  const submit = async (name: string, job: SlurmJob | null): Promise<void> => {
    const ids = [...(queued.get(name)?.ids ?? [])];
    if (job !== null) {
      // What waits for one that failed leaves the queue: --retry submits it again.
      const after = before.length > 0 ? [`--dependency=afterok:${before.join(':')}`, '--kill-on-invalid-dep=yes'] : [];
      const id = print ? null : await sbatch([...after, ...job.args], job.script);
      if (print) standardOutput().out(`sbatch ${[...after, ...job.args].map(shellWord).join(' ')}\n${job.script}`);
      submitted.push({ name, id });
      ids.push(id ?? `<${name}>`);
    }
    before = ids;
  };
  for (const phase of phases) {
    const missing = await undone(shared, phase);
    if (missing.length === 0) continue;
    const name = jobName(phase.name);
    await submit(name, phaseJob(phase, missing, queued.get(name)?.tasks ?? new Set(), slurm));
  }
  const end = jobName('finish');
  await submit(end, queued.has(end) ? null : finishJob(slurm));
  return submitted;
}

const queue = async (): Promise<string[]> =>
  (await called('squeue', ['--array', '--noheader', `--format=${QUEUE_FORMAT}`])).split('\n').filter(Boolean);

const sbatch = async (args: readonly string[], script: string): Promise<string> =>
  (await called('sbatch', ['--parsable', ...args], script)).trim().split(';')[0];

function called(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((done, fail) => {
    const child = execFile(command, args, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      fail(
        new ConfigError({
          expected: `${command} to take the job`,
          got: absent ? `no ${command} on this machine` : stderr.trim() || error.message,
          where: resolve('.'),
          fix: absent ? 'Run this where jobs are submitted, or see the commands with --print.' : undefined,
          cause: error,
        }),
      );
    });
    // A program that ends before it has read all says why on its standard error.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

export const slurmCommand: Command = {
  help: {
    usage: '<recipe.ts | built-in name | planned run directory> [options]',
    about:
      'Plans a run for many nodes, and submits it to Slurm: an array job for each phase, each after the one before ' +
      'it, and a job that ends the run. Before a time limit a task commits and is queued again; a task that fails is ' +
      'tried three times. Give it the run directory with --retry to submit what is missing.',
    options,
    examples: [
      ["sluice slurm fineweb --input '/shared/in/*.jsonl.gz' --output /shared/out --nodes 5000", 'plan and submit'],
      ['sluice slurm /shared/out --retry', 'what is missing, and nothing else'],
      ['sluice slurm /shared/out --print', 'see the scripts'],
    ],
  },
  run,
};
