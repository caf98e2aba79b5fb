// Whole pipelines of near-duplicate removal, ours and those of the tools that a Python has: `npm run bench:dedup`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** From planted copies to Parquet; a line a tool. SLUICE_PYTHON: pyarrow, zstandard, rensa, datasketch, text-dedup. */
export function pipelines(rounds: string): string[] {
  const corpora = process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora');
  const folder = join(corpora, 'planted/dups');
  const python = process.env.SLUICE_PYTHON;
  if (!python || !existsSync(folder))
    return [`pipelines of other tools: skipped, ${python ? 'no planted copies' : 'no SLUICE_PYTHON'}`];
  const cli = resolve(import.meta.dirname, '../../dist/cli.js');
  const args = [resolve(import.meta.dirname, 'time-dedup.py'), folder, cli, rounds];
  const { status, stdout } = spawnSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`time-dedup.py ended with ${status}`);
  return stdout.trimEnd().split('\n');
}
