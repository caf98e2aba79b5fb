export interface KubernetesOptions {
  readonly name: string;
  readonly image: string;
  /** Words that start Sluice in the image. */
  readonly program: readonly string[];
  /** Run directory as pods see it: a path, or an address. */
  readonly run: string;
  /** Claim of the volume with input and run directory, and where it is mounted; null where all is in a store. */
  readonly volume: { readonly claim: string; readonly mount: string } | null;
  /** Secret with the credentials of a store, as environment variables; null: none. */
  readonly secret: string | null;
  readonly pods: number;
  readonly cpus: number;
  readonly memory: string;
}

/** Of a process besides its buffers, in mebibytes: Node, the code, encoders. */
const PROCESS_MIB = 512;

/**
 * An Indexed Job whose pods work through all phases together, as JSON, which `kubectl apply -f -` takes as it takes
 * YAML. A pod that fails is started again with its index, and takes over what its dead attempt has left.
 */
export function indexedJob(o: KubernetesOptions, memoryBytes: number): object {
  const memory = `${Math.ceil(memoryBytes / 2 ** 20) + PROCESS_MIB}Mi`;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: o.name },
    spec: {
      completions: o.pods,
      parallelism: o.pods,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 5,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'sluice',
              image: o.image,
              command: [...o.program, 'run', o.run, '--wait', '--workers', String(o.cpus), '--memory', o.memory],
              env: [{ name: 'SLUICE_SHARDS', value: String(o.pods) }],
              resources: { requests: { cpu: String(o.cpus), memory }, limits: { memory } },
              ...(o.secret !== null && { envFrom: [{ secretRef: { name: o.secret } }] }),
              ...(o.volume && { volumeMounts: [{ name: 'data', mountPath: o.volume.mount }] }),
            },
          ],
          ...(o.volume && { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: o.volume.claim } }] }),
        },
      },
    },
  };
}
