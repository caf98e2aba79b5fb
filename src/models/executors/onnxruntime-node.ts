import { ConfigError } from '../../errors.ts';
import { GRAPHS } from '../graph/graph.ts';
import type { Executor } from './executor.ts';
import { importRuntime, RUNTIME_VERSIONS } from './missing.ts';
import { type OnnxSettings, onnxStates, openOnnx } from './onnx-session.ts';

/** Where onnxruntime-node computes. */
export type NodeProvider = 'cpu' | 'webgpu' | 'cuda';

/** Settings of an executor. */
export interface ExecutorOptions {
  /**
   * Threads of one session of onnxruntime-cpu, of one operation of tfjs-node; default 1: one session per worker, one
   * worker per core. The others have one, or a device.
   */
  readonly threads?: number;
  /**
   * Weights of up to so many bytes in all are packed once, when a graph is opened, which takes a second time their
   * memory; larger ones are read as they are in every run (4 % slower at 10 million parameters, more with larger
   * matrices). Default 1 GB. Runtimes of ONNX only.
   */
  readonly constantBytes?: number;
}

export const CONSTANT_BYTES = 1e9;

/** The script of the package would download the CUDA provider; without it the CPU and WebGPU providers are there. */
export const INSTALL_ONNXRUNTIME_NODE = [
  'ONNXRUNTIME_NODE_INSTALL=skip',
  'npm',
  'install',
  `onnxruntime-node@${RUNTIME_VERSIONS.onnxruntime}`,
].join(' ');

/** ONNX graphs on the CPU, or on a GPU through WebGPU (Vulkan, Metal, Direct3D 12) or CUDA. */
export async function onnxruntimeNode({
  provider = 'cpu',
  threads = 1,
  constantBytes = CONSTANT_BYTES,
}: ExecutorOptions & { readonly provider?: NodeProvider } = {}): Promise<Executor> {
  const module = await importRuntime('onnxruntime-node', () => import('onnxruntime-node'), INSTALL_ONNXRUNTIME_NODE);
  const ort = module.default ?? module;
  // What goes wrong is thrown; without this it is printed as well.
  ort.env.logLevel = 'fatal';
  const supported = ort.listSupportedBackends().map((b) => b.name);
  if (!supported.includes(provider))
    throw new ConfigError({
      expected: `an onnxruntime-node with the ${provider} provider`,
      got: `one with ${supported.join(', ')}`,
      fix:
        provider === 'cuda'
          ? 'Fetch its CUDA provider (from api.nuget.org): ONNXRUNTIME_NODE_INSTALL=cuda12 node ' +
            'node_modules/onnxruntime-node/script/install.js'
          : 'Use onnxruntime-cpu, or a platform on which the package supports this provider.',
    });
  const version = ort.env.versions.node ?? ort.env.versions.common;
  const states = onnxStates();
  const settings: OnnxSettings = {
    target: provider === 'webgpu' ? 'webgpu' : 'cpu',
    constantBytes,
    state: provider === 'webgpu' ? 'device' : 'buffers',
    options: {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      // Threads that wait by spinning take the cores from the workers beside them.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    },
  };
  return {
    name: `onnxruntime-${provider}`,
    runtime: { library: 'onnxruntime-node', version, provider, threads, precision: 'float32', graphs: GRAPHS },
    description:
      `onnxruntime-node ${version} ` +
      `${provider}${provider === 'cpu' ? `, ${threads} ${threads === 1 ? 'thread' : 'threads'} a session` : ''}`,
    open: (graph, values, shares) => openOnnx(ort, graph, values, settings, states, shares),
  };
}
