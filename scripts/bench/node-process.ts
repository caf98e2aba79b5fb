import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process of Node took, in seconds, and what it printed. */
export interface Ran {
  readonly out: string;
  readonly wall: number;
  /** Of all of its threads. */
  readonly cpu: number;
}

/**
 * Runs processes of Node in a folder, one at a time. Each says at its end what it has used.
 * Errors: Error with what it printed where one fails.
 */
export function nodeProcesses(folder: string): (args: readonly string[], node?: string) => Ran {
  const report = join(folder, 'report.mjs');
  writeFileSync(
    report,
    `import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process._rawDebug(\`cpu \${user + system}\`);
});`,
  );
  return (args, node = process.execPath) => {
    const before = performance.now();
    const options = { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
    const { status, stdout, stderr } = spawnSync(node, ['--import', report, ...args], options);
    const wall = (performance.now() - before) / 1000;
    const cpu = /^cpu (\d+)$/m.exec(stderr);
    if (status !== 0 || !cpu) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return { out: stdout, wall, cpu: Number(cpu[1]) / 1e6 };
  };
}
