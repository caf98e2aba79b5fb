import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ExecutorName } from '../../../src/models/executors/executor.ts';
import { openExecutor } from '../../../src/models/executors/open-executor.ts';
import { SELF_CHECK_LOSSES, selfCheck } from '../../../src/models/executors/self-check.ts';
import { GRAPHS, GraphBuilder } from '../../../src/models/graph/graph.ts';
import * as ops from '../../../src/models/graph/ops.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { floatTensor, intTensor } from '../../../src/models/tensor.ts';
import { trainingGraph, trainingState } from '../../../src/models/training-graph.ts';
import { built } from '../../helpers/built.ts';

/** Not a literal: types are checked where the package is not installed too. */
const REAL: string = '@tensorflow/tfjs-node';
const source = (module: string) => JSON.stringify(built(`models/executors/${module}`));

/**
 * Stands in for @tensorflow/tfjs-node-gpu, which needs a GPU: the processor's kernels of TensorFlow.js under the name
 * of its backend, with the function of `util` that it calls and that Node 23 took away.
 */
const standIn = (gpu: boolean) => `
  import util from 'node:util';
  import tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs'))};
  tf.registerBackend('tensorflow', () => {
    if (!util.isNullOrUndefined(undefined) || util.isNullOrUndefined(0)) throw new Error('another function');
    const binding = { TF_Version: '2.9.1' };
    return Object.assign(tf.findBackendFactory('cpu')(), { isGPUPackage: true, isUsingGpuDevice: ${gpu}, binding });
  });
  for (const k of tf.getKernelsForBackend('cpu')) tf.registerKernel({ ...k, backendName: 'tensorflow' });
  export default tf;`;

/**
 * Code before all else in a process: without the function that Node 23 took away, and with a stand-in for the package
 * for GPUs, with a GPU or without.
 */
const before = (gpu?: boolean) => {
  const hook = `export const resolve = (name, context, next) =>
      name === '@tensorflow/tfjs-node-gpu' ? { url: 'stand-in:tfjs', format: 'module', shortCircuit: true }
        : next(name, context);
    export const load = (url, context, next) =>
      url === 'stand-in:tfjs' ? { format: 'module',
          source: ${JSON.stringify(standIn(gpu === true))}, shortCircuit: true }
        : next(url, context);`;
  const stand = `register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));`;
  return `
    import { register } from 'node:module';
    import util from 'node:util';
    delete util.isNullOrUndefined;
    ${gpu === undefined ? '' : stand}`;
};

function node(code: string, env: NodeJS.ProcessEnv = {}) {
  const { TF_NUM_INTRAOP_THREADS: _, TF_CPP_MIN_LOG_LEVEL: __, ...own } = process.env;
  const args = ['--input-type=module', '-e', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...own, ...env } });
}

/** Without the log of newer TensorFlow (2.21), which cannot be told to be silent. */
const ownLines = (stderr: string) => stderr.replace(/^(WARNING: All log messages before|[IW]0000 ).*\n/gm, '');

/** What tfjs-node has beside what its types say. */
interface Library {
  backend(): { binding: Binding };
}

interface Binding {
  getNumOfTensors(): number;
  executeOp(name: string, attributes: readonly { readonly name: string }[], ...rest: unknown[]): unknown;
}

interface Opened {
  readonly name: string;
  readonly description?: string;
  readonly runtime?: object;
}

/** Opens executors one after the other in one process without the function, and checks them. */
function opened(names: readonly ExecutorName[], gpu?: boolean, env: NodeJS.ProcessEnv = {}): Opened[] {
  const { stdout, stderr } = node(
    `${before(gpu)}
    const { checkedExecutor } = await import(${source('pick-executor')});
    const all = [];
    for (const name of ${JSON.stringify(names)}) {
      const { description, runtime, ...e } = await checkedExecutor(name).catch((e) => ({ name: e.message }));
      all.push({ name: e.name, description, runtime });
    }
    console.log(JSON.stringify(all));`,
    env,
  );
  expect(ownLines(stderr)).toBe('');
  return JSON.parse(stdout);
}

/** Reason why a package that needs a native library cannot be tried here, or null. */
const missing = async (name: ExecutorName) =>
  openExecutor(name).then(
    () => null,
    (error: Error) => error.message.split('. Run:')[0],
  );
const noLibrary = await missing('tfjs-node');
const executors = (['tfjs-cpu', 'tfjs-node'] as const).filter((name) => name === 'tfjs-cpu' || noLibrary === null);

it.each(executors)('%s: a run that fails leaves no tensors, and the state as it was', async (name) => {
  const tf = (await import('@tensorflow/tfjs')).default as { memory(): { numTensors: number } };
  const executor = await openExecutor(name);
  const graph = new GraphBuilder();
  const [rows, total] = [graph.input('rows', [2], 'int32'), graph.input('total', [2], 'float32', 'state')];
  const next = ops.add(ops.gather(ops.exp(graph.input('table', [3])), rows), total);
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

it('tfjs-node-gpu (a stand-in) opens where Node has no util.isNullOrUndefined, and passes the self-check', () => {
  expect(opened(['tfjs-node-gpu'], true)).toEqual([
    {
      name: 'tfjs-node-gpu',
      description: 'tfjs-node-gpu 4.22.0 with TensorFlow 2.9.1, 1 thread an operation',
      runtime: {
        library: '@tensorflow/tfjs-node-gpu',
        version: '4.22.0 with TensorFlow 2.9.1',
        provider: 'tensorflow',
        threads: 1,
        precision: 'float32',
        graphs: GRAPHS,
      },
    },
  ]);
});

it('tfjs-node-gpu is refused where it would compute on the processor', () => {
  expect(opened(['tfjs-node-gpu'], false)[0].name).toMatch(
    /^expected a GPU that @tensorflow\/tfjs-node-gpu can use with TensorFlow 2\.9\.1 .* got none: it would/,
  );
});

// The package itself, where it is installed with its library: scripts/build-tfjs-node.sh.
if (noLibrary !== null) {
  it.skip(`tfjs-node: ${noLibrary}`, () => {});
  console.warn(`skipped: tfjs-node: ${noLibrary}`);
}

describe.skipIf(noLibrary !== null)('tfjs-node', () => {
  it(
    'opens where Node has no util.isNullOrUndefined, passes the self-check, takes one thread and prints ' + 'nothing',
    () => {
      const [{ name, description, runtime }] = opened(['tfjs-node']);
      expect(name).toBe('tfjs-node');
      expect(description).toMatch(/^tfjs-node 4\.\d+\.\d+ with TensorFlow 2\.\d+\.\d+, 1 thread an operation$/);
      expect(runtime).toEqual({
        library: '@tensorflow/tfjs-node',
        version: description!.slice('tfjs-node '.length).split(',')[0],
        provider: 'tensorflow',
        threads: 1,
        precision: 'float32',
        graphs: GRAPHS,
      });
    },
  );

  it('takes the threads of the environment, and where that says nothing those of the first that opens it', () => {
    const threads = (env: NodeJS.ProcessEnv) => opened(['tfjs-node'], undefined, env)[0].runtime;
    expect(threads({ TF_NUM_INTRAOP_THREADS: '3' })).toMatchObject({ threads: 3 });
    expect(threads({ TF_NUM_INTRAOP_THREADS: '0' })).toMatchObject({ threads: null });
    const { stdout, stderr } = node(`
      const { openInThread } = await import(${source('thread')});
      const { openExecutor } = await import(${source('open-executor')});
      const said = [];
      for (const threads of [2, 4]) {
        const executor = await openInThread('tfjs-node', { threads });
        said.push(executor.description);
        await executor.close();
      }
      said.push((await openExecutor('tfjs-node', { threads: 1 })).description);
      console.log(JSON.stringify(said));`);
    expect(ownLines(stderr)).toBe('');
    const said = JSON.parse(stdout) as string[];
    expect(said.map((s) => s.split(', ').slice(1).join())).toEqual([
      '2 threads an operation,in a thread',
      '2 threads an operation,in a thread',
      '2 threads an operation',
    ]);
  });

  it('is not taken for the package for GPUs that was loaded before it, nor that for it', () => {
    const [gpu, processor] = opened(['tfjs-node-gpu', 'tfjs-node'], true);
    expect(gpu.name).toBe('tfjs-node-gpu');
    expect(processor.name).toBe(
      'expected @tensorflow/tfjs-node to be the only one of tfjs-node and tfjs-node-gpu in its thread, got ' +
        'the other one, loaded before it. Name one executor for all steps, or uninstall one of the two ' +
        'packages.',
    );
    const [first, second] = opened(['tfjs-node', 'tfjs-node-gpu'], true);
    expect(first.name).toBe('tfjs-node');
    expect(second.name).toContain('expected @tensorflow/tfjs-node-gpu to be the only one');
  });

  it('trains with the losses of onnxruntime-cpu, and no tensor stays in the library', async () => {
    const model = newModel(
      { family: 'llama', vocabulary: 64, width: 32, layers: 2, heads: 4, kvHeads: 2, context: 32 },
      3,
    );
    const graph = trainingGraph(model.config, { rows: 2, length: 32 });
    const numbers = (f: (i: number) => number) =>
      intTensor(
        [2, 32],
        Int32Array.from({ length: 64 }, (_, i) => f(i)),
      );
    const session = await (await openExecutor('tfjs-node')).open(graph, trainingState(model, graph));
    const other = await (await openExecutor('onnxruntime-cpu')).open(graph, trainingState(model, graph));
    const { default: tf } = (await import(REAL)) as { default: Library };
    const inLibrary: number[] = [];
    const losses: number[] = [];
    for (let step = 1; step <= 40; step++) {
      const feeds = new Map([
        ['tokens', numbers((i) => (i * i) % 64)],
        ['positions', numbers((i) => i % 32)],
        ['segments', numbers(() => 0)],
        ['targets', numbers((i) => ((i + 1) * (i + 1)) % 64)],
        ['target_weights', floatTensor([2, 32], new Float32Array(64).fill(1))],
        ['learning_rate', floatTensor([], [0.003])],
        ['step', floatTensor([], [step])],
      ]);
      const [loss, expected] = [session, other].map(async (s) => (await s.run(feeds)).get('loss')!.data[0]);
      losses.push(await loss);
      expect(Math.abs((await loss) - (await expected))).toBeLessThan(2e-5);
      inLibrary.push(tf.backend().binding.getNumOfTensors());
    }
    expect(losses[39]).toBeLessThan(losses[0] / 2);
    expect(new Set(inLibrary).size).toBe(1);
    await session.release();
    await other.release();
    expect(tf.backend().binding.getNumOfTensors()).toBe(0);
  });

  it('computes in six threads that are opened at once', () => {
    const { status, stdout, stderr } = node(`
      const { openInThread } = await import(${source('thread')});
      const { selfCheckLosses } = await import(${source('self-check')});
      const six = await Promise.all(Array.from({ length: 6 }, () => openInThread('tfjs-node')));
      const losses = await Promise.all(six.map((executor) => selfCheckLosses(executor, 'llama')));
      console.log(losses.map((l) => l.map((x) => x.toFixed(4)).join()).join('\\n'));
      for (const executor of six) await executor.close();`);
    expect(ownLines(stderr)).toBe('');
    expect(status).toBe(0);
    const expected = SELF_CHECK_LOSSES.llama.map((x) => x.toFixed(4)).join();
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 6 }, () => expected));
  });

  it('knows the names of all attributes after the self-check, so that threads only read their table', async () => {
    const { default: tf } = (await import(REAL)) as { default: Library };
    const backend = tf.backend();
    const { binding } = backend;
    const names = new Set<string>();
    const sorted = () => [...names].sort();
    const executeOp: Binding['executeOp'] = (op, attributes, ...rest) => {
      for (const { name } of attributes) names.add(name);
      return binding.executeOp(op, attributes, ...rest);
    };
    backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as Binding;
    try {
      const executor = await openExecutor('tfjs-node');
      await selfCheck(executor);
      const checked = sorted();
      expect(checked).toContain('SrcT');
      // What those two models do not compute.
      const graph = new GraphBuilder();
      const [x, rows] = [graph.input('x', [3, 4]), graph.input('rows', [3], 'int32')];
      const parts = [ops.erf(x), ops.tanh(x), ops.minimum(x, 0), ops.cast(ops.cast(x, 'int32'), 'float32')];
      const made = graph.finish(
        'others',
        new Map([
          ['parts', ops.concat(parts, 0)],
          ['table', ops.scatterAdd(rows, x, 3000)],
          ['product', ops.matmul(ops.expand(x, [2, 3, 4]), ops.transpose(x, [1, 0]))],
          ['gelu', ops.gelu(ops.max(x, [1]), 'erf')],
        ]),
      );
      const session = await executor.open(made, new Map());
      const feeds = [floatTensor([3, 4], new Float32Array(12)), intTensor([3], [0, 2, 2])];
      await session.run(
        new Map([
          ['x', feeds[0]],
          ['rows', feeds[1]],
        ]),
      );
      await session.release();
      expect(sorted()).toEqual(checked);
    } finally {
      backend.binding = binding;
    }
  });

  it('ends with the exit code that is asked for while two threads compute', () => {
    const { status, stderr } = node(`
      const { openInThread } = await import(${source('thread')});
      const { measureGflops } = await import(${source('measure')});
      for (const executor of await Promise.all([openInThread('tfjs-node'), openInThread('tfjs-node')]))
        measureGflops(executor).then(() => process.exit(3));`);
    expect(ownLines(stderr)).toBe('');
    expect(status).toBe(3);
  });
});
