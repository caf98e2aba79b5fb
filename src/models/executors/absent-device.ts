import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ExecutorName } from './executor.ts';

/**
 * Why an executor for a GPU need not be tried here, or null. Its native code prints to the terminal when there is no
 * GPU, so that a look at the file system comes first. Naming an executor tries it all the same.
 */
export function absentDevice(name: ExecutorName): string | null {
  if (name === 'onnxruntime-cuda' && !cudaProvider())
    return 'the CUDA provider of onnxruntime-node is not installed (its install script downloads it, for CUDA 12)';
  if (name === 'tfjs-node-gpu' && process.platform === 'linux' && !nvidiaDevice())
    return 'no GPU of NVIDIA: neither /dev/nvidia0 (or another number) nor /dev/dxg';
  if (name === 'onnxruntime-webgpu' && process.platform === 'linux' && !graphicsDevice())
    return 'no GPU: neither /dev/dri/render*, /dev/nvidia0 nor VK_DRIVER_FILES';
  return null;
}

function cudaProvider(): boolean {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
    const folder = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
    return readdirSync(folder).some((file) => file.includes('providers_cuda'));
  } catch {
    // Not installed: said by the CPU executor.
    return false;
  }
}

function nvidiaDevice(): boolean {
  return readdirSync('/dev').some((file) => /^(nvidia[0-9]+|dxg)$/.test(file));
}

function graphicsDevice(): boolean {
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES || existsSync('/dev/nvidia0')) return true;
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((file) => file.startsWith('render'));
}
