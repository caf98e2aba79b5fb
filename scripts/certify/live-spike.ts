// One point that stands out among many: what the pages of TensorBoard, of trackio and ours get of it, and the bytes
// that each takes to show the run. `SLUICE_PYTHON=<python with tensorboard and trackio> npx tsx
// scripts/certify/live-spike.ts --points 1000000`
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serveRun } from '../../src/run/live/serve-run.ts';
import { serveLive } from '../../src/sinks/live/server.ts';

const { values } = parseArgs({ options: { points: { type: 'string', default: '1000000' } } });
const points = Number(values.points);
const folder = mkdtempSync(join(tmpdir(), 'sluice-spike-'));
const spike = Math.floor((points * 7) / 10) + 1;
const value = (i: number): number => (i === spike ? 99 : 1 + ((i * 2654435761) % 1000) / 1000);

interface Told {
  readonly tool: string;
  readonly points: number;
  readonly spike: boolean;
  readonly bytes: number;
}

try {
  const script = fileURLToPath(new URL('./live-spike.py', import.meta.url));
  const python = process.env.SLUICE_PYTHON ?? 'python3';
  const text = execFileSync(python, [script, String(points), folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const theirs = JSON.parse(text.trim().split('\n').at(-1)!) as Told[];
  const training = join(folder, 'training');
  execFileSync('mkdir', [training]);
  const lines = ['step,loss'];
  for (let i = 0; i < points; i++) lines.push(`${i},${value(i)}`);
  writeFileSync(join(training, 'scalars.csv'), `${lines.join('\n')}\n`);
  const served = await serveRun(training, (e) => console.error(e));
  const server = await serveLive(served.source);
  const answer = await (await fetch(`${server.url}api/side-curve?name=training/loss&pixels=600`)).text();
  const { y } = JSON.parse(answer) as { y: number[] };
  await server.close();
  await served.close();
  const ours: Told = { tool: 'Sluice', points: y.length, spike: Math.max(...y) === 99, bytes: answer.length };
  for (const { tool, points: n, spike: seen, bytes } of [...theirs, ours])
    console.log(
      `${tool.padEnd(12)} ${String(n).padStart(6)} of ${points} points  spike ${seen ? 'shown' : 'LOST '}  ` +
        `${Math.round(bytes / 1000)} kB`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
