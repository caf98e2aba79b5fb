import { isMainThread } from 'node:worker_threads';
import { ConfigError } from '../../errors.ts';
import type { ExecutorName } from './executor.ts';

/** The two that compute with the TensorFlow library, of which a process has one. */
export type TensorflowName = 'tfjs-node-gpu' | 'tfjs-node';

/** What is read of the backend of tfjs-node and tfjs-node-gpu. */
interface NodeBackend {
  readonly isGPUPackage?: boolean;
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

export function usesTensorflow(name: ExecutorName): name is TensorflowName {
  return name === 'tfjs-node' || name === 'tfjs-node-gpu';
}

/**
 * Settings that the TensorFlow library reads from the environment when its first session in the process is made: the
 * threads of an operation (TF_NUM_INTRAOP_THREADS; it would take every core, in each of the workers) and no news in the
 * log (TF_CPP_MIN_LOG_LEVEL). What is set already stays. A worker has a copy of the environment, which the library does
 * not see: the main thread says it first.
 *
 * @returns threads of an operation, null where the library decides
 */
export function tensorflowThreads(threads = 1): number | null {
  const { env } = process;
  if (isMainThread) {
    env.TF_NUM_INTRAOP_THREADS ??= `${threads}`;
    env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  }
  const set = Number(env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(set) && set > 0 ? set : null;
}

export const threadsText = (threads: number | null): string =>
  threads === null ? '' : `, ${threads} ${threads === 1 ? 'thread' : 'threads'} an operation`;

/**
 * The version of the TensorFlow library behind a backend, after a look whether it is that of the package that was asked
 * for.
 */
export function tensorflowVersion(backend: object, name: TensorflowName): string {
  const { isGPUPackage, isUsingGpuDevice, binding }: NodeBackend = backend;
  const version = binding?.TF_Version ?? 'of no version';
  const gpu = name === 'tfjs-node-gpu';
  // Both name their backend alike, and the one that was loaded first keeps the name.
  if (isGPUPackage !== gpu)
    throw new ConfigError({
      expected: `@tensorflow/${name} to be the only one of tfjs-node and tfjs-node-gpu in its thread`,
      got: 'the other one, loaded before it',
      fix: 'Name one executor for all steps, or uninstall one of the two packages.',
    });
  // Without a GPU that its CUDA knows, the package computes on the processor and says nothing.
  if (gpu && !isUsingGpuDevice)
    throw new ConfigError({
      expected:
        `a GPU that @tensorflow/tfjs-node-gpu can use with TensorFlow ${version} (2.9.1, which it downloads, ` +
        'is for CUDA 11.2 and cuDNN 8.1: none from Hopper on)',
      got: 'none: it would compute on the processor',
      fix: 'Use onnxruntime-webgpu or onnxruntime-cuda for a newer GPU, onnxruntime-cpu without one.',
    });
  return version;
}
