// Memory of a long stream: a generated file of --gb gigabytes through the whole chain, and through a plain pipe with a
// slow sink. Prints resident memory as a series. Target: peak <= budget + 200 MB, flat.
//   npm run bench -- memory [--gb 5] [--memory 256] [--json]
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchmarkLines } from './corpus.ts';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '5' },
    memory: { type: 'string', default: '256' },
    json: { type: 'boolean' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'sluice-memory-'));
const input = join(folder, 'input.jsonl');
const bytes = writeInput(Number(values.gb) * 1e9);

/**
 * The benchmark documents again and again under new ids, with a running number in the text so that no two are copies.
 */
function writeInput(target: number): number {
  const { lines } = benchmarkLines(60e6);
  const file = openSync(input, 'w');
  let written = 0;
  for (let round = 0; written < target; round++) {
    const text = lines
      .toString('utf8')
      .replaceAll('"text": "', `"text": "${round} `)
      .replaceAll('"id": "', `"id": "${round}-`);
    written += writeSync(file, text);
  }
  closeSync(file);
  return written;
}

const chain = `
  import { annotate, drop, fineweb, gopherQuality, gopherQualityRules, gopherRepetition } from 'sluice';
  import { parquet, recipe, run } from 'sluice';
  const r = recipe({ name: 'memory',
    steps: [annotate(gopherQuality(), gopherRepetition(), fineweb()), drop('q', gopherQualityRules())],
    sinks: [parquet({ compression: 'snappy' })] });
  run(r, { input: [${JSON.stringify(input)}], output: ${JSON.stringify(join(folder, 'out'))},
    workers: 2, memory: ${Number(values.memory)} * 2 ** 20 }).subscribe();
`;
const slowSink = `
  import { setTimeout as pause } from 'node:timers/promises';
  import { annotate, gopherQuality, parallel, readDocuments } from 'sluice';
  readDocuments(${JSON.stringify(input)}, { memory: ${Number(values.memory)} * 2 ** 20 })
    .pipe(annotate(gopherQuality()), 
      parallel('slow sink', async (batch) => { await pause(8); return batch; }, { concurrency: 1 }))
    .subscribe();
`;

interface Series {
  readonly name: string;
  readonly seconds: number;
  readonly peakMb: number;
  readonly limitMb: number;
  readonly seriesMb: readonly number[];
}

function residentMb(child: ChildProcess): number | null {
  try {
    const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
    return match ? Number(match[1]) / 1024 : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function measure(name: string, code: string): Promise<Series> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: join(import.meta.dirname, '../..'),
    });
    const samples: number[] = [];
    const timer = setInterval(() => {
      const mb = residentMb(child);
      if (mb !== null) samples.push(mb);
    }, 250);
    child.on('exit', (status) => {
      clearInterval(timer);
      if (status !== 0) return reject(new Error(`${name} ended with ${status}`));
      const step = Math.max(1, Math.floor(samples.length / 20));
      const seriesMb = samples.filter((_, i) => i % step === 0).map(Math.round);
      resolve({
        name,
        seconds: (performance.now() - started) / 1000,
        peakMb: Math.round(Math.max(...samples)),
        limitMb: Number(values.memory) + 200,
        seriesMb,
      });
    });
  });
}

try {
  const results = [
    await measure('whole chain, 2 workers, Parquet snappy', chain),
    await measure('plain pipe, sink of 8 ms a batch', slowSink),
  ];
  if (values.json) console.log(JSON.stringify({ inputBytes: bytes, results }));
  else {
    for (const r of results) {
      console.log(
        `${r.name}: ${(bytes / 1e9).toFixed(1)} GB in ${r.seconds.toFixed(0)} s, peak ${r.peakMb} MB (limit ` +
          `${r.limitMb})`,
      );
      console.log(`  resident MB over time: ${r.seriesMb.join(' ')}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
