import { relative } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { openFleet } from '../../run/nodes/fleet.ts';
import { jobMebibytes } from '../../run/nodes/launch/job-memory.ts';
import { indexedJob, jobNameOf, refuseName, storeEnvironment } from '../../run/nodes/launch/kubernetes.ts';
import { withShared } from '../../run/nodes/shared.ts';
import { LEAST_MEMORY, parseBytes } from '../../run/options.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = {
  image: { value: 'IMAGE', help: 'Container image with Node and Sluice. Default sluice:latest.' },
  pods: { value: 'N', help: 'Pods at once, at most and by default as many as there are logical shards.' },
  cpus: { value: 'N', help: 'CPUs, and threads, of each pod. Default 4.' },
  memory: {
    value: 'SIZE',
    help: 'Buffer budget of each pod. Default 1GB; a pod asks for 512 MiB more.',
  },
  volume: {
    value: 'CLAIM',
    help: 'PersistentVolumeClaim with input and run directory. Default sluice; of a run in a store none.',
  },
  secret: { value: 'NAME', help: 'Secret whose entries are the environment of the pods: AWS_ACCESS_KEY_ID and so on.' },
  mount: { value: 'PATH', help: 'Where it is mounted: the run directory lies below. Default /shared.' },
  name: { value: 'NAME', help: 'Name of the job, a DNS label. Default: made from the run directory.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('kubernetes', args, options, ['run-dir']);
  const { name: path, nodes, run: planned } = await withShared(positionals[0], openFleet);
  const memory = values.memory ?? '1GB';
  const mount = values.mount ?? '/shared';
  const stored = isUrl(path);
  const volume = values.volume !== undefined || !stored;
  if (!stored && relative(mount, path).startsWith('..'))
    throw new ConfigError({
      expected: `a run directory below ${mount}, where the pods see it`,
      got: path,
      where: '--mount',
      fix: 'Name the folder at which the volume is mounted, here and in the pods.',
    });
  const pods = wholeNumber(values.pods, '--pods') ?? nodes.shards;
  if (pods > nodes.shards)
    throw new ConfigError({
      expected: `at most ${nodes.shards} pods: the run has so many logical shards, and others would do nothing`,
      got: String(pods),
      where: '--pods',
      fix: 'Take fewer pods, or plan with more --nodes.',
    });
  const name = values.name ?? jobNameOf(path);
  refuseName(name, pods);
  const { steps } = planned.recipe as unknown as { readonly steps: readonly StepDescriptor[] };
  const cpus = wholeNumber(values.cpus, '--cpus') ?? 4;
  const size = {
    memory: parseBytes(memory, '--memory', LEAST_MEMORY),
    cpus,
    models: steps.some((s) => s.models === true),
  };
  const job = {
    name,
    image: values.image ?? 'sluice:latest',
    program: ['sluice'],
    run: path,
    stored,
    volume: volume ? { claim: values.volume ?? 'sluice', mount } : null,
    secret: values.secret ?? null,
    pods,
    cpus,
    memory,
    env: stored ? storeEnvironment(process.env) : {},
  };
  standardOutput().out(JSON.stringify(indexedJob(job, jobMebibytes(size)), null, 2));
  return 0;
}

export const kubernetesCommand: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'Prints the manifest of an Indexed Job whose pods work on a planned run together, through all phases. Then ' +
      'sluice finish ends the run. Nothing is submitted. Plan first (sluice plan --nodes); a recipe file must lie in ' +
      'the image, or on the volume, under the path that it had then. Kubernetes 1.29 or newer.',
    options,
    examples: [['sluice kubernetes /shared/out --pods 64 | kubectl apply -f -', 'a planned run on 64 pods']],
  },
  run,
};
