import { basename } from 'node:path';
import { openFleet } from '../../run/nodes/fleet.ts';
import { submitRayJob } from '../../run/nodes/launch/ray.ts';
import { withShared } from '../../run/nodes/shared.ts';
import { LEAST_MEMORY, parseBytes } from '../../run/options.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { plural } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { launchProgram } from './launch-program.ts';

const options = {
  address: { value: 'URL', help: 'Job server of Ray. Default http://127.0.0.1:8265.' },
  jobs: { value: 'N', help: 'Processes. Default: as many as there are logical shards, 64 at most.' },
  cpus: { value: 'N', help: 'CPUs, and threads, of each. Default 4.' },
  memory: { value: 'SIZE', help: 'Buffer budget of each. Default 1GB.' },
  again: { value: 'NAME', help: 'Another name for the jobs: submits them again, though jobs of this run ended.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('ray', args, options, ['run-dir']);
  const { name: path, nodes, run: planned } = await withShared(positionals[0], openFleet);
  const jobs = wholeNumber(values.jobs, '--jobs') ?? Math.min(64, nodes.shards);
  const memory = values.memory ?? '1GB';
  parseBytes(memory, '--memory', LEAST_MEMORY);
  const cpus = wholeNumber(values.cpus, '--cpus') ?? 4;
  const address = values.address ?? 'http://127.0.0.1:8265';
  const name = `sluice-${basename(path)}-${planned.hashes.plan.slice(0, 8)}${values.again ? `-${values.again}` : ''}`;
  let fresh = 0;
  for (let i = 0; i < jobs; i++) {
    const rest = ['--shard', `${i}/${jobs}`, '--wait', '--workers', String(cpus), '--memory', memory];
    const command = [...launchProgram(), 'run', path, ...rest];
    if (await submitRayJob(address, { submissionId: `${name}-${i}`, command, cpus })) fresh++;
  }
  const there = jobs - fresh;
  standardOutput().out(`Submitted ${plural(fresh, 'job')} to ${address}${there > 0 ? `, ${there} were there` : ''}.`);
  return 0;
}

export const rayCommand: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      "Submits a planned run to Ray's job server, a job for each process; they work through all phases together, so " +
      'all of them must have room at once. Then sluice finish ends the run.',
    options,
    examples: [['sluice ray /shared/out --jobs 8', 'eight processes on a Ray cluster']],
  },
  run,
};
