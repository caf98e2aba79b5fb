// The live page names the step that holds a run up: twenty runs, each with another step made slow, and the seconds
// from the last sight of threads that had done nothing yet until it is named. Right is a run in which it is named in
// time, and at the end.
//   npx tsx scripts/certify/live-bottleneck.ts      after a build
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { custom, recipe, run, runStats } from 'sluice';

const STEPS = ['a', 'b', 'c', 'd', 'e'];
const RUNS = 20;
const WITHIN_SECONDS = 2;

const step = (name: string, rounds: number) =>
  custom(name, 1, async (d) => {
    let hash = d.text;
    for (let i = 0; i < rounds; i++) hash = createHash('sha256').update(hash).digest('hex');
    return hash.length > 0;
  });

const folder = mkdtempSync(join(tmpdir(), 'sluice-bottleneck-'));
const input = join(folder, 'in.jsonl');
const line = (i: number) => `${JSON.stringify({ id: `${i}`, text: `A document, number ${i}, of no matter.` })}\n`;
writeFileSync(input, Array.from({ length: 6000 }, (_, i) => line(i)).join(''));
let right = 0;
for (let r = 0; r < RUNS; r++) {
  const slow = STEPS[r % STEPS.length];
  const steps = STEPS.map((name) => step(name, name === slow ? 300 : 1 + (r % 3)));
  let [begun, named, place] = [0, 0, ''];
  const made = recipe({ name: 'slow', splitBytes: 65_536, steps });
  const states = run(made, { input: [input], output: join(folder, `out-${r}`), workers: 2 }).pipe(
    runStats(),
    tap(({ places, bottleneck }) => {
      if (begun === 0 || places.every((p) => p.seconds === 0)) begun = performance.now();
      if (bottleneck) place = bottleneck.place;
      if (place === slow && named === 0) named = performance.now();
    }),
  );
  await lastValueFrom(states);
  const seconds = (named - begun) / 1000;
  const ok = place === slow && named > 0 && seconds < WITHIN_SECONDS;
  if (ok) right++;
  console.log(`${ok ? 'ok   ' : 'WRONG'} slow step ${slow}: named after ${seconds.toFixed(2)} s, at the end ${place}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${right} of ${RUNS} named within ${WITHIN_SECONDS} s`);
process.exit(right === RUNS ? 0 : 1);
