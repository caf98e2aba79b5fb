// How soon a half-done run writes again after kill -9: seconds from the start of the process to the first new segment
// and commit.
//   npm run bench -- resume [--gb 0.5] [--files 1] [--json]
// The input is generated under a temporary folder from the same text again and again. Target: a new segment within 2 s,
// also at 5 GB.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchmarkLines } from './corpus.ts';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '0.5' },
    files: { type: 'string', default: '1' },
    /** Commits after which the run is killed; default: half of the splits. */
    json: { type: 'boolean' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const bytes = Number(values.gb) * 1e9;
const files = Number(values.files);
const folder = mkdtempSync(join(values.folder, 'sluice-resume-'));
const output = join(folder, 'out');
const child = fileURLToPath(new URL('bench-resume-child.mjs', import.meta.url));

function generate(): void {
  const { lines } = benchmarkLines(8e6);
  for (let f = 0; f < files; f++) {
    const handle = openSync(join(folder, `in-${String(f).padStart(6, '0')}.jsonl`), 'w');
    for (let left = bytes / files; left > 0; left -= lines.length) {
      const part = left >= lines.length ? lines : lines.subarray(0, lines.lastIndexOf(10, Math.max(0, left)) + 1);
      if (part.length === 0) break;
      writeSync(handle, part);
    }
    closeSync(handle);
  }
}

interface Moment {
  readonly seconds: number;
  /** Of all threads, from /proc; null on other systems. */
  readonly cpuSeconds: number | null;
}

interface Seen {
  planned: Moment | null;
  segment: Moment | null;
  commit: Moment | null;
}

function cpuSecondsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // In ticks of a hundredth of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

/** Starts the run; resolves when `until` says so of the commits seen, after killing it, or at its end. */
function start(until: (commits: number, splits: number) => boolean): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const before = new Set(segments());
    const began = performance.now();
    const seen: Seen = { planned: null, segment: null, commit: null };
    const run = spawn(process.execPath, [child, join(folder, 'in-*.jsonl'), output], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const now = (): Moment => ({ seconds: (performance.now() - began) / 1000, cpuSeconds: cpuSecondsOf(run.pid!) });
    const timer = setInterval(() => {
      if (!seen.segment && segments().some((s) => !before.has(s))) seen.segment = now();
    }, 5);
    let commits = 0;
    let splits = 0;
    run.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) {
        if (line.startsWith('planned')) {
          splits = Number(line.split(' ')[1]);
          seen.planned = now();
        }
        if (!line.startsWith('commit')) continue;
        commits++;
        seen.commit ??= now();
        if (until(commits, splits)) run.kill('SIGKILL');
      }
    });
    run.on('exit', (code, signal) => {
      clearInterval(timer);
      if (code === 0 || signal === 'SIGKILL') resolve(seen);
      else reject(new Error(`the run ended with ${code}`));
    });
  });
}

function segments(): string[] {
  try {
    return readdirSync(join(output, 'documents'));
  } catch {
    return [];
  }
}

const shown = (m: Moment | null): string =>
  m === null
    ? 'never seen'
    : `${m.seconds.toFixed(2)} ` +
      `s${m.cpuSeconds === null ? '' : `, ${m.cpuSeconds.toFixed(2)} s of CPU time in all threads`}`;

try {
  generate();
  const size = readdirSync(folder).reduce((n, f) => n + statSync(join(folder, f)).size, 0);
  await start((commits, splits) => commits >= splits / 2);
  const done = readFileSync(join(output, 'commits.jsonl'), 'utf8').split('\n').length - 1;
  const { planned, segment, commit } = await start(() => true);
  const result = {
    gigabytes: size / 1e9,
    files,
    workers: availableParallelism(),
    splitsDone: done,
    planned,
    segment,
    commit,
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      `${(size / 1e9).toFixed(2)} GB in ${files} files, killed after ${done} splits; from the start of the process:`,
    );
    console.log(`  read again, planned and checked   ${shown(planned)}`);
    console.log(`  first new segment being written   ${shown(segment)} (target 2 s)`);
    console.log(`  first new split committed         ${shown(commit)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
