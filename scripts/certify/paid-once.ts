// Kills a run with SIGKILL while it asks a server that bills, again and again, and says what was paid twice:
//   npx tsx scripts/certify/paid-once.ts [--kills 50] [--documents 600] [--concurrency 16] [--seed 1]
// Needs a build. Ends with 1 when a prompt whose answer was on disk was sent again, or the ledger has another cost.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killWhileAsking } from '../../test/faults/paid-once.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    documents: { type: 'string', default: '600' },
    concurrency: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = await mkdtemp(join(tmpdir(), 'sluice-paid-'));
const concurrency = Number(values.concurrency);
const bill = await killWhileAsking(folder, {
  kills: Number(values.kills),
  documents: Number(values.documents),
  concurrency,
  seed: Number(values.seed),
});
await rm(folder, { recursive: true });
console.log(`kills ${bill.kills}, prompts ${bill.prompts}, billed ${bill.billed}`);
console.log(`finished prompts sent again: ${bill.finishedTwice}`);
console.log(`billed again by one kill, at most: ${bill.rebilledByOneKill} of ${concurrency} that may be out`);
console.log(`cost by the ledger ${bill.ledgerCost.toFixed(6)}, by the meter ${bill.meterCost.toFixed(6)}`);
const right =
  bill.finishedTwice === 0 &&
  bill.rebilledByOneKill <= concurrency &&
  Math.abs(bill.ledgerCost - bill.meterCost) < 1e-9;
process.exitCode = right ? 0 : 1;
