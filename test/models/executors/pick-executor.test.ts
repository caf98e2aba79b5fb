import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { absentDevice } from '../../../src/models/executors/absent-device.ts';
import type { Executor } from '../../../src/models/executors/executor.ts';
import { openExecutor } from '../../../src/models/executors/open-executor.ts';
import { pickExecutor } from '../../../src/models/executors/pick-executor.ts';
import { selfCheck } from '../../../src/models/executors/self-check.ts';
import { built } from '../../helpers/built.ts';

const source = (module: string) => JSON.stringify(built(`models/executors/${module}`));

/** Runs code in a process in which these packages cannot be found. */
function without(packages: readonly string[], code: string) {
  const hook = `export async function resolve(name, context, next) {
    if (${JSON.stringify(packages)}.includes(name)) {
      const error = new Error("Cannot find package '" + name + "' imported from here");
      error.code = 'ERR_MODULE_NOT_FOUND';
      throw error;
    }
    return next(name, context);
  }`;
  const register = `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));`;
  const preload = `data:text/javascript,${encodeURIComponent(register)}`;
  const args = ['--import', preload, '--input-type=module', '-e', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, SLUICE_EXECUTOR: 'auto' } });
}

const pick = `import { pickExecutor } from ${source('pick-executor')};
  const { executor, refused } = await pickExecutor();
  console.log(JSON.stringify({ name: executor.name, refused: refused.map((r) => r.name) }));`;

describe('picking', () => {
  it('by name gives that one', async () => {
    const { executor, refused } = await pickExecutor('onnxruntime-wasm');
    expect(executor.name).toBe('onnxruntime-wasm');
    expect(refused).toEqual([]);
  });

  it('a name that is not one', async () => {
    await expect(pickExecutor('onnxruntime-gpu' as 'auto')).rejects.toThrow(
      "got 'onnxruntime-gpu'. Did you mean 'onnxruntime-cpu'?",
    );
  });

  it.skipIf(absentDevice('onnxruntime-webgpu') === null)(
    'without a GPU gives the processor and says nothing',
    async () => {
      const said: string[] = [];
      const { executor, refused } = await pickExecutor('auto', { say: (message) => said.push(message) });
      expect(executor.name).toBe('onnxruntime-cpu');
      expect(refused.map((r) => r.name)).toEqual(['onnxruntime-cuda', 'tfjs-node-gpu', 'onnxruntime-webgpu']);
      expect(refused[2].reason).toContain('no GPU');
      expect(said).toEqual([]);
    },
  );

  it('without onnxruntime-node gives WebAssembly, and says so with the command that installs the faster one', () => {
    const { stdout, stderr, status } = without(['onnxruntime-node', '@tensorflow/tfjs-node'], pick);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'onnxruntime-wasm',
      refused: expect.arrayContaining(['onnxruntime-cpu']),
    });
    expect(stderr).toContain(
      'Models run on onnxruntime-web 1.30.0 wasm, 1 thread a session, several times slower than ' +
        'onnxruntime-cpu: the optional package onnxruntime-node is not installed. Run: ' +
        'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0',
    );
  });

  it('without any runtime is an error that is the install command', () => {
    const packages = ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs', '@tensorflow/tfjs-node'];
    const { stderr, status } = without(packages, pick);
    expect(status).toBe(1);
    expect(stderr).toContain(
      'expected a model runtime that works here, got none; `sluice doctor` shows why. Run: ' +
        'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0',
    );
    expect(stderr).toContain('Run: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0');
  });
});

describe('the self-check', () => {
  it('refuses an executor that computes something else', async () => {
    const right = await openExecutor('onnxruntime-cpu');
    // Forgets its state: what the WebAssembly runtime does with outputs into given buffers.
    const forgetful: Executor = {
      ...right,
      description: 'one that forgets',
      open: (graph, values) =>
        right.open({ ...graph, stateOutputs: graph.inputs.filter((i) => i.kind === 'state'), updates: [] }, values),
    };
    await expect(selfCheck(forgetful)).rejects.toThrow(
      'one that forgets: expected losses 3.2010, 3.1690, 3.0647 of a tiny gpt2 model, got 3.2010',
    );
  });
});
