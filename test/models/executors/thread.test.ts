import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { SELF_CHECK_LOSSES, selfCheckLosses } from '../../../src/models/executors/self-check.ts';
import { openInThread } from '../../../src/models/executors/thread.ts';
import { GraphBuilder } from '../../../src/models/graph/graph.ts';
import { matmul } from '../../../src/models/graph/ops.ts';
import { floatTensor } from '../../../src/models/tensor.ts';
import { built } from '../../helpers/built.ts';

/** A graph that takes some tenths of a second. */
function slow() {
  const graph = new GraphBuilder();
  const x = graph.input('x', [512, 512]);
  let y = x;
  for (let i = 0; i < 100; i++) y = matmul(y, x);
  return graph.finish('slow', new Map([['y', y]]));
}
const zeros = new Map([['x', floatTensor([512, 512], new Float32Array(512 * 512))]]);

it('a thread trains with the same losses', async () => {
  const executor = await openInThread('onnxruntime-cpu');
  expect(executor.description).toBe('onnxruntime-node 1.30.0 cpu, 1 thread a session, in a thread');
  const losses = await selfCheckLosses(executor, 'llama');
  expect(losses.map((x) => x.toFixed(4))).toEqual(SELF_CHECK_LOSSES.llama.map((x) => x.toFixed(4)));
  await executor.close();
  await executor.close();
});

it('the caller goes on while a thread computes', async () => {
  const executor = await openInThread('onnxruntime-cpu');
  const session = await executor.open(slow(), new Map());
  let turns = 0;
  let running = true;
  const count = () => {
    turns++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  await session.run(zeros);
  running = false;
  expect(turns).toBeGreaterThan(10);
  await executor.close();
});

it('close waits for what is running', async () => {
  const executor = await openInThread('onnxruntime-cpu');
  const session = await executor.open(slow(), new Map());
  const done: string[] = [];
  const run = session.run(zeros).then((out) => done.push(`run ${out.get('y')!.data.length}`));
  await executor.close();
  done.push('closed');
  await run;
  expect(done).toEqual(['run 262144', 'closed']);
  await expect(session.run(zeros)).rejects.toThrow('expected the onnxruntime-cpu thread to run, got a closed one.');
  await session.release();
});

it('a process that exits inside a run exits with its own code', () => {
  const models = JSON.stringify(built('models/index'));
  const code = `import { GraphBuilder, floatTensor, openInThread, ops } from ${models};
    const graph = new GraphBuilder();
    const x = graph.input('x', [512, 512]);
    let y = x;
    for (let i = 0; i < 400; i++) y = ops.matmul(y, x);
    const executor = await openInThread('onnxruntime-cpu');
    const session = await executor.open(graph.finish('slow', new Map([['y', y]])), new Map());
    session.run(new Map([['x', floatTensor([512, 512], new Float32Array(512 * 512))]])).then(() => process.exit(1));
    // Long enough for the other thread to be inside.
    const begin = performance.now();
    const spin = () => (performance.now() - begin > 100 ? process.exit(7) : setImmediate(spin));
    spin();`;
  const args = ['--input-type=module', '-e', code];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
});

it('errors come as they are in the thread', async () => {
  const executor = await openInThread('reference');
  const session = await executor.open(slow(), new Map());
  const error = await session.run(new Map()).catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: 'config',
    message: "slow, feed 'x': expected float32 [512, 512], got nothing.",
    parts: { where: "slow, feed 'x'", got: 'nothing' },
  });
  await session.release();
  await expect(session.run(zeros)).rejects.toThrow('slow: expected an open session, got a released one.');
  await expect(session.readState()).rejects.toThrow('slow: expected an open session, got a released one.');
  await executor.close();
});

it('a runtime that is not installed is said', async () => {
  await expect(openInThread('tfjs-node-gpu')).rejects.toThrow(
    new RegExp(
      String.raw`expected the optional package @tensorflow\/tfjs-node-gpu, got a project without it\. Run: ` +
        String.raw`npm install @tensorflow\/tfjs-node-gpu@4\.22\.0`,
    ),
  );
});

it('a request that cannot be sent is refused, and does not keep the process alive', () => {
  const models = JSON.stringify(built('models/index'));
  const code = `import { GraphBuilder, openInThread, ops } from ${models};
    const graph = new GraphBuilder();
    const y = ops.exp(graph.input('x', [2]));
    const executor = await openInThread('reference');
    const session = await executor.open(graph.finish('exp', new Map([['y', y]])), new Map());
    await session.run(new Map([['x', () => {}]])).catch((error) => console.log(error.name));`;
  const args = ['--input-type=module', '-e', code];
  const { status, signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: 'DataCloneError\n' });
});

it('an executor that does not open leaves no thread', () => {
  const models = JSON.stringify(built('models/index'));
  const code = `import { openInThread } from ${models};
    const threads = () => process.report.getReport().workers.length;
    const before = threads();
    await openInThread('no-such-executor').catch((error) => console.log(error.message.length > 0));
    console.log(threads() - before);`;
  const args = ['--input-type=module', '-e', code];
  expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('true\n0\n');
});
