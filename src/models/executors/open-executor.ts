import type { Executor, ExecutorName } from './executor.ts';
import { type ExecutorOptions, onnxruntimeNode } from './onnxruntime-node.ts';
import { onnxruntimeWeb } from './onnxruntime-web.ts';
import { reference } from './reference.ts';

/**
 * The executor of this name; throws when its runtime is not installed (the error is the install command) or does not
 * start.
 */
export async function openExecutor(name: ExecutorName, options: ExecutorOptions = {}): Promise<Executor> {
  switch (name) {
    case 'onnxruntime-cpu':
      return onnxruntimeNode({ ...options, provider: 'cpu' });
    case 'onnxruntime-webgpu':
      return onnxruntimeNode({ ...options, provider: 'webgpu' });
    case 'onnxruntime-cuda':
      return onnxruntimeNode({ ...options, provider: 'cuda' });
    case 'onnxruntime-wasm':
      return onnxruntimeWeb(options);
    case 'reference':
      return reference;
    default:
      return (await import('./tfjs.ts')).tfjs(name, options.threads);
  }
}
