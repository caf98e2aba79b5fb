import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import { type Fleet, type FleetPhase, fleetPhases, openFleet } from '../../run/nodes/fleet.ts';
import { jobMebibytes } from '../../run/nodes/launch/job-memory.ts';
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
import { LEAST_MEMORY, parseBytes } from '../../run/options.ts';
import { shellWord } from '../../safe-text.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { type Command, type OptionSpecs, parseCommandLine, type Values } from '../command.ts';
import { recipeFrom, recipeSpecs } from '../recipe-options.ts';
import { plural } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { launchProgram } from './launch-program.ts';
import { nodesSpecs, planForNodes } from './plan-nodes.ts';
import { isRunFolder } from './run-shard.ts';
import { asked, askedNow, slurmSpecs } from './slurm-asked.ts';

const options = {
  ...recipeSpecs,
  output: {
    value: 'DIR',
    help: 'Run directory, on a file system that all nodes see, or s3://bucket/prefix. Default sluice-out/<recipe>.',
  },
  sample: { value: 'P%', help: 'Only about P percent of the documents.' },
  nodes: { value: 'N', help: 'Logical shards. Default 64. More than the array limit is fine.' },
  'shard-size': nodesSpecs['shard-size'],
  ...slurmSpecs,
  retry: {
    help: 'Of a run that is planned: submit only what is missing and not in the queue, with the options of before.',
  },
  print: { help: 'Plan, print what would be submitted, and submit nothing. The plan stays in the run directory.' },
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
    // A plan stays: what can be seen to fail fails before it is written.
    askedNow(values, {});
    if (!values.print) await queue();
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
  const { steps } = fleet.run.recipe as unknown as { readonly steps: readonly StepDescriptor[] };
  const now = await asked(fleet.shared, values, values.print);
  const size = {
    memory: parseBytes(now.memory, '--memory', LEAST_MEMORY),
    cpus: now.cpus,
    models: steps.some((s) => s.models === true),
  };
  const slurm: SlurmOptions = {
    ...now,
    ask: { task: jobMebibytes(size), finish: jobMebibytes({ ...size, cpus: 1, models: false }) },
    program: launchProgram(),
    run: fleet.name,
    logs,
  };
  const submitted = await submitChain(fleet, fleetPhases(steps, fleet.nodes), slurm, values.print);
  const { out } = standardOutput();
  if (values.json) out(JSON.stringify({ run: fleet.path, jobs: submitted }));
  else if (!values.print) {
    const sum = submitted.filter((s) => s.id !== null);
    out(`Submitted ${plural(sum.length, 'job')}${sum.map((s) => ` ${s.name}=${s.id}`).join('')}.`);
  }
  return 0;
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
      const said = stderr.trim() || error.message;
      const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      fail(
        new ConfigError({
          problem: absent ? `there is no ${command} on this machine` : `${command} failed: ${said}`,
          expected: command === 'squeue' ? 'a Slurm that answers' : 'a job that Slurm takes',
          got: absent ? `no ${command} on this machine` : said,
          where: command,
          fix:
            absent || command === 'squeue'
              ? `Run this where jobs are submitted and squeue works, or see the commands with --print.`
              : `Mend the option that ${command} names, then give the planned folder again with --retry.`,
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
      'it, and a job that ends the run. Before a time limit a task commits and is queued again; a task that fails ' +
      'or is killed is tried three times. Give it the run directory with --retry to submit what is missing.',
    options,
    examples: [
      ["sluice slurm fineweb --input '/shared/in/*.jsonl.gz' --output /shared/out --nodes 5000", 'plan and submit'],
      ['sluice slurm /shared/out --retry', 'what is missing, and nothing else'],
      ['sluice slurm /shared/out --print', 'see the scripts'],
    ],
  },
  run,
};
