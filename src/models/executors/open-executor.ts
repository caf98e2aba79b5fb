import type { Executor, ExecutorName } from './executor.ts';
import { onnxruntimeNode } from './onnxruntime-node.ts';
import { onnxruntimeWeb } from './onnxruntime-web.ts';
import { reference } from './reference.ts';

export interface ExecutorOptions {
  /** Threads of one session of onnxruntime-cpu; default 1. The others have one, or a device. */
  readonly threads?: number;
}

/** The executor of this name; throws when its runtime is not installed (the error is the install command) or does not start. */
export async function openExecutor(name: ExecutorName, { threads }: ExecutorOptions = {}): Promise<Executor> {
  switch (name) {
    case 'onnxruntime-cpu':
      return onnxruntimeNode({ provider: 'cpu', threads });
    case 'onnxruntime-webgpu':
      return onnxruntimeNode({ provider: 'webgpu' });
    case 'onnxruntime-cuda':
      return onnxruntimeNode({ provider: 'cuda' });
    case 'onnxruntime-wasm':
      return onnxruntimeWeb();
    case 'reference':
      return reference;
    default:
      return (await import('./tfjs.ts')).tfjs(name);
  }
}
