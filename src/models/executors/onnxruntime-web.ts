import { GRAPHS } from '../graph/graph.ts';
import type { Executor } from './executor.ts';
import { importRuntime, RUNTIME_VERSIONS } from './missing.ts';
import { type OnnxSettings, onnxStates, openOnnx } from './onnx-session.ts';
import { CONSTANT_BYTES, type ExecutorOptions } from './onnxruntime-node.ts';

export const INSTALL_ONNXRUNTIME_WEB = `npm install onnxruntime-web@${RUNTIME_VERSIONS.onnxruntime}`;

/**
 * ONNX graphs in WebAssembly, on one thread: no native code, so it runs wherever Node runs, at a fifth of the speed.
 */
export async function onnxruntimeWeb({ constantBytes = CONSTANT_BYTES }: ExecutorOptions = {}): Promise<Executor> {
  const ort = await importRuntime('onnxruntime-web', () => import('onnxruntime-web'), INSTALL_ONNXRUNTIME_WEB);
  // More threads would be workers of its own; one session per worker and one worker per core is the same without them.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const version = ort.env.versions.web ?? ort.env.versions.common;
  const states = onnxStates();
  const settings: OnnxSettings = {
    target: 'cpu',
    state: 'results',
    constantBytes,
    options: { executionProviders: ['wasm'], graphOptimizationLevel: 'all' },
  };
  return {
    name: 'onnxruntime-wasm',
    runtime: {
      library: 'onnxruntime-web',
      version,
      provider: 'wasm',
      threads: 1,
      precision: 'float32',
      graphs: GRAPHS,
    },
    description: `onnxruntime-web ${version} wasm, 1 thread a session`,
    open: (graph, values, shares) => openOnnx(ort, graph, values, settings, states, shares),
  };
}
