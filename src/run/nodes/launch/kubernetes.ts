import { createHash } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';

export interface KubernetesOptions {
  /** A DNS label. */
  readonly name: string;
  readonly image: string;
  /** Words that start Sluice in the image. */
  readonly program: readonly string[];
  /** Run directory as pods see it: a path, or an address. */
  readonly run: string;
  /** The run is in a store: pods keep what they work on in a folder of their own. */
  readonly stored: boolean;
  /** Claim of the volume with input and run directory, and where it is mounted; null where all is in a store. */
  readonly volume: { readonly claim: string; readonly mount: string } | null;
  /** Secret with the credentials of a store, as environment variables; null: none. */
  readonly secret: string | null;
  readonly pods: number;
  readonly cpus: number;
  readonly memory: string;
  /** Environment besides, such as the region of a store. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Name of the job of a run: the end of its address as a DNS label, and a hash of all of it, so that another run is
 * another job: the fields of one that is there cannot be changed.
 */
export function jobNameOf(run: string): string {
  const end = run
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(-30)
    .replace(/^-/, '');
  return `sluice-${end}-${createHash('sha256').update(run).digest('hex').slice(0, 8)}`.replace('--', '-');
}

/** Errors: ConfigError for what Kubernetes takes for no name of an Indexed Job, whose pods' names are longer still. */
export function refuseName(name: string, pods: number): void {
  const most = 63 - `-${pods - 1}`.length;
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= most) return;
  throw new ConfigError({
    expected: `a DNS label of at most ${most} characters: a to z, 0 to 9 and -, none at the ends`,
    got: `'${name}'`,
    where: '--name',
    fix: 'Leave it out: then the name is made from the run.',
  });
}

/** Of a store on the machine that plans: pods want it too. Keys go into a Secret, not into a manifest. */
const STORE_ENVIRONMENT = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'];

export const storeEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(STORE_ENVIRONMENT.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

/** Where a pod of a run in a store keeps what it works on. */
const CACHE = '/cache';

/**
 * An Indexed Job whose pods work through all phases together, as JSON, which `kubectl apply -f -` takes as it takes
 * YAML. A pod that fails is started again with its index, and takes over what its dead attempt has left. Kubernetes
 * 1.29 or newer: before, `backoffLimitPerIndex` is off.
 */
export function indexedJob(o: KubernetesOptions, mebibytes: number): object {
  const memory = `${mebibytes}Mi`;
  const mounts = [
    ...(o.volume ? [{ name: 'data', mountPath: o.volume.mount }] : []),
    ...(o.stored ? [{ name: 'cache', mountPath: CACHE }] : []),
  ];
  const volumes = [
    ...(o.volume ? [{ name: 'data', persistentVolumeClaim: { claimName: o.volume.claim } }] : []),
    ...(o.stored ? [{ name: 'cache', emptyDir: {} }] : []),
  ];
  const env = { SLUICE_SHARDS: String(o.pods), ...(o.stored && { SLUICE_CACHE: CACHE }), ...o.env };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: o.name },
    spec: {
      completions: o.pods,
      parallelism: o.pods,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 5,
      // A node that is drained or preempted is no failure of the pod.
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'sluice',
              image: o.image,
              command: [...o.program, 'run', o.run, '--wait', '--workers', String(o.cpus), '--memory', o.memory],
              env: Object.entries(env).map(([name, value]) => ({ name, value })),
              resources: { requests: { cpu: String(o.cpus), memory }, limits: { memory } },
              ...(o.secret !== null && { envFrom: [{ secretRef: { name: o.secret } }] }),
              volumeMounts: mounts,
            },
          ],
          volumes,
        },
      },
    },
  };
}
