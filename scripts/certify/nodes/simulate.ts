/**
 * What failures cost a run on many nodes: draws dead processes, slow nodes and a store that stands still from stated
 * rates, and plays the rules of `sluice run --shard` over them. Time and work are ideal without failures; what is
 * printed is the time and the CPU beyond that. Nothing is measured here: the model is in `play` below.
 *
 *   npx tsx scripts/certify/nodes/simulate.ts [--nodes 1000] [--shards 5000] [--hours 10] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { generator } from '../../../test/helpers/corpus.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    shards: { type: 'string', default: '5000' },
    hours: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});

interface Rates {
  /** Hours between two deaths of one process. */
  readonly deathHours: number;
  /** Seconds until a dead process is started again and may take over: the queue, and 90 s of heartbeat. */
  readonly restartSeconds: number;
  /** Share of nodes that are slow, and by what factor. */
  readonly slowShare: number;
  readonly slowFactor: number;
  /** Share of the time in which the store answers nobody. */
  readonly storeDown: number;
}

interface Cost {
  /** Time over that without failures. */
  readonly time: number;
  /** Work done twice, as a share of all. */
  readonly again: number;
}

/**
 * One phase: every node has shards, and goes through their splits one after the other; a death costs the split in work
 * and the restart. The phase is over when the last node is.
 * @param stealing shards are taken by whoever is free (a Slurm queue with more array tasks than nodes); else each node
 *   has its own
 */
function play(rates: Rates, stealing: boolean, random: () => number): Cost {
  const [nodes, shards, hours] = [Number(values.nodes), Number(values.shards), Number(values.hours)];
  const total = nodes * hours * 3600;
  const shardSeconds = total / shards;
  // A split of 1 GB of text, at 20 MB/s a node.
  const splitSeconds = 50;
  const speed = Array.from({ length: nodes }, () => (random() < rates.slowShare ? 1 / rates.slowFactor : 1));
  const free = new Float64Array(nodes);
  let again = 0;
  const workOn = (node: number): void => {
    const seconds = shardSeconds / speed[node];
    let at = 0;
    for (;;) {
      const death = -Math.log(1 - random()) * rates.deathHours * 3600;
      if (at + death >= seconds) break;
      const lost = Math.min(death, (random() * splitSeconds) / speed[node]);
      again += lost * speed[node];
      at += death - lost;
      free[node] += lost + rates.restartSeconds;
    }
    free[node] += seconds;
  };
  if (stealing) {
    for (let shard = 0; shard < shards; shard++) {
      let next = 0;
      for (let n = 1; n < nodes; n++) if (free[n] < free[next]) next = n;
      workOn(next);
    }
  } else for (let shard = 0; shard < shards; shard++) workOn(shard % nodes);
  const last = free.reduce((a, b) => Math.max(a, b), 0) / (1 - rates.storeDown);
  return { time: last / (hours * 3600), again: again / total };
}

const quiet: Rates = { deathHours: 1e9, restartSeconds: 120, slowShare: 0, slowFactor: 1, storeDown: 0 };
const cases: readonly (readonly [string, Rates])[] = [
  ['nothing fails', quiet],
  ['a process dies every 100 hours', { ...quiet, deathHours: 100 }],
  ['a process dies every 5 hours', { ...quiet, deathHours: 5 }],
  ['2 % of the nodes at half speed', { ...quiet, slowShare: 0.02, slowFactor: 2 }],
  ['the store is away 1 % of the time', { ...quiet, storeDown: 0.01 }],
  [
    'all of these (deaths every 100 hours)',
    { ...quiet, deathHours: 100, slowShare: 0.02, slowFactor: 2, storeDown: 0.01 },
  ],
];
const { nodes, shards, hours, seed } = values;
process.stdout.write(`${nodes} nodes, ${shards} logical shards, ${hours} hours of work each, seed ${seed}\n`);
for (const [name, rates] of cases) {
  const [queue, fixed] = [true, false].map((stealing) => play(rates, stealing, generator(Number(seed))));
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  process.stdout.write(
    `${name}: +${percent(queue.time - 1)} time from a queue, +${percent(fixed.time - 1)} with fixed parts; ` +
      `${percent(queue.again)} done twice\n`,
  );
}
