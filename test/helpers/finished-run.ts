import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type CliResult, runCli } from './cli.ts';
import { writeProject } from './recipes.ts';

/**
 * Before the tests of a file: a project in a folder of its own, run to its end, with one record that could not be read.
 */
export function finishedRun(): {
  /** The project's folder. Only inside a test. */
  readonly cwd: () => string;
  /** A command in that folder. */
  readonly ask: (...args: string[]) => Promise<CliResult>;
  /** Byte at which a line of its input starts. */
  readonly offsetOf: (line: number) => number;
} {
  let cwd = '';
  const ask = (...args: string[]): Promise<CliResult> => runCli(args, { cwd });
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
    await writeProject(cwd, { raw: '{"text": broken}\n' });
    expect((await ask('run', 'recipe.ts')).code).toBe(0);
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));
  const offsetOf = (line: number): number => {
    const text = readFileSync(join(cwd, 'in/part-000.jsonl'), 'utf8');
    return text.split('\n').slice(0, line).join('\n').length + (line > 0 ? 1 : 0);
  };
  return { cwd: () => cwd, ask, offsetOf };
}
