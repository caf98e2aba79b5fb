import { expect, test } from 'vitest';
import { PassingError, Traffic } from '../../../src/files/stores/traffic.ts';

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

test('requests that wait take part in what a busy server takes again', async () => {
  const traffic = new Traffic({ wait: async () => {} });
  let refusals = 1;
  await traffic.call(async () => {
    if (refusals-- > 0) throw new PassingError(503, 'slow down');
  });
  expect(traffic.atOnce).toBe(8);

  const open: (() => void)[] = [];
  const calls = Array.from({ length: 60 }, () => traffic.call(() => new Promise<void>((end) => open.push(end))));
  await settled();
  expect(open.length).toBe(8);
  let ended = 0;
  for (; ended < 40; ended++) {
    open[ended]();
    await settled();
    expect(open.length - ended - 1).toBe(Math.min(traffic.atOnce, 59 - ended));
  }
  expect(traffic.atOnce).toBeGreaterThan(10);
  while (ended < open.length) {
    open[ended++]();
    await settled();
  }
  await Promise.all(calls);
});
