import { expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/run.ts';
import { killWhileAsking } from './paid-once.ts';

it('kill -9 while answers are out: none that is on disk is paid again, and the ledger has the cost', async () => {
  const concurrency = 6;
  const bill = await killWhileAsking(await temporaryFolder(), { kills: 5, documents: 120, concurrency, seed: 3 });
  expect(bill.kills).toBe(5);
  expect(bill.finishedTwice).toBe(0);
  expect(bill.created).toBe(bill.prompts);
  expect(bill.prompts).toBeGreaterThanOrEqual(120);
  expect(bill.rebilledByOneKill).toBeLessThanOrEqual(concurrency);
  expect(bill.billed - bill.prompts).toBeLessThanOrEqual(5 * concurrency);
  expect(bill.ledgerCost).toBeCloseTo(bill.meterCost, 9);
});
