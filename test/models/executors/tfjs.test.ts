import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { openExecutor } from '../../../src/models/executors/open-executor.ts';
import { GraphBuilder } from '../../../src/models/graph/graph.ts';
import { add, exp, gather } from '../../../src/models/graph/ops.ts';
import { floatTensor, intTensor } from '../../../src/models/tensor.ts';

const source = (file: string) => JSON.stringify(new URL(`../../../src/models/executors/${file}`, import.meta.url).href);

/**
 * Stands in for @tensorflow/tfjs-node-gpu, whose install script downloads a library: the processor's kernels of TensorFlow.js under the name
 * of its backend, with the function of `util` that it calls and that Node 23 took away.
 */
const standIn = (gpu: boolean) => `
  import util from 'node:util';
  import tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs'))};
  tf.registerBackend('tensorflow', () => {
    if (!util.isNullOrUndefined(undefined) || util.isNullOrUndefined(0)) throw new Error('another function');
    return Object.assign(tf.findBackendFactory('cpu')(), { isUsingGpuDevice: ${gpu} });
  });
  for (const k of tf.getKernelsForBackend('cpu')) tf.registerKernel({ ...k, backendName: 'tensorflow' });
  export default tf;`;

/** Opens the executor in a process without the function, and checks it. */
function opened(gpu: boolean) {
  const hook = `export const resolve = (name, context, next) =>
      name === '@tensorflow/tfjs-node-gpu' ? { url: 'stand-in:tfjs', format: 'module', shortCircuit: true } : next(name, context);
    export const load = (url, context, next) =>
      url === 'stand-in:tfjs' ? { format: 'module', source: ${JSON.stringify(standIn(gpu))}, shortCircuit: true } : next(url, context);`;
  const code = `
    import { register } from 'node:module';
    import util from 'node:util';
    delete util.isNullOrUndefined;
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    const { checkedExecutor } = await import(${source('pick-executor.ts')});
    const { name, description, runtime } = await checkedExecutor('tfjs-node-gpu').catch((e) => ({ name: e.message }));
    console.log(JSON.stringify({ name, description, runtime }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { name: string; description?: string; runtime?: object };
}

it('a run that fails leaves no tensors, and the state as it was', async () => {
  const tf = (await import('@tensorflow/tfjs')).default as { memory(): { numTensors: number } };
  const executor = await openExecutor('tfjs-cpu');
  const graph = new GraphBuilder();
  const [rows, total] = [graph.input('rows', [2], 'int32'), graph.input('total', [2], 'float32', 'state')];
  const next = add(gather(exp(graph.input('table', [3])), rows), total);
  const made = graph.finish('sum', new Map([['next', next]]), new Map([['total', next]]));
  const before = tf.memory().numTensors;
  const session = await executor.open(made, new Map([['total', floatTensor([2], [0, 0])]]));
  const feeds = (row: number) =>
    new Map([
      ['table', floatTensor([3], [0, 0, 0])],
      ['rows', intTensor([2], [0, row])],
    ]);
  await session.run(feeds(2));
  const open = tf.memory().numTensors;
  await expect(session.run(feeds(9))).rejects.toThrow('the index value 9 is not in [0, 2]');
  expect(tf.memory().numTensors).toBe(open);
  expect([...(await session.run(feeds(1))).get('next')!.data]).toEqual([2, 2]);
  await session.release();
  expect(tf.memory().numTensors).toBe(before);
});

it('tfjs-node-gpu opens where Node has no util.isNullOrUndefined, and passes the self-check', () => {
  expect(opened(true)).toEqual({
    name: 'tfjs-node-gpu',
    description: 'TensorFlow.js 4.22.0 tensorflow',
    runtime: {
      library: '@tensorflow/tfjs-node-gpu',
      version: '4.22.0',
      provider: 'tensorflow',
      threads: null,
      precision: 'float32',
    },
  });
});

it('tfjs-node-gpu is refused where it would compute on the processor', () => {
  expect(opened(false).name).toMatch(/^expected a GPU that @tensorflow\/tfjs-node-gpu can use .* came none: it would/);
});
