// An annotator whose thread dies: SLUICE_MORTAL = { file, how, when, times }; so many threads die, counted by bytes in
// the file, then all is well. `when`: as a thread begins, or in the second batch, so that there is something half done.
import { appendFileSync, existsSync, statSync } from 'node:fs';

export const mortal = async () => {
  await dieWhen('start');
  let batches = 0;
  return async (batch) => {
    if (batches++ > 0) await dieWhen('batch');
    return [['mortal_one', { type: 'int32', values: new Int32Array(batch.rows).fill(1), valid: null }]];
  };
};

async function dieWhen(now) {
  const plan = process.env.SLUICE_MORTAL ? JSON.parse(process.env.SLUICE_MORTAL) : null;
  if (plan?.when !== now || (existsSync(plan.file) ? statSync(plan.file).size : 0) >= plan.times) return;
  appendFileSync(plan.file, 'x');
  await die(plan.how);
}

async function die(how) {
  if (how === 'exit') process.exit(7);
  if (how === 'throw')
    setImmediate(() => {
      throw new Error('outside of every promise');
    });
  const kept = [];
  for (;;) {
    if (how === 'memory') kept.push(Array.from({ length: 1e6 }, (_, i) => ({ i })));
    await new Promise((r) => setImmediate(r));
  }
}
