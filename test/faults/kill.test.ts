import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generator, madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';

const child = join(import.meta.dirname, 'child.mjs');

/** Starts the child and kills it with SIGKILL when it has said `after` lines; null lets it end. Resolves to whether it ended by itself. */
function start(input: string, output: string, workers: number, after: number | null): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, input, output, String(workers)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let lines = 0;
    let errors = '';
    process_.stderr.on('data', (d: Buffer) => {
      errors += d.toString();
    });
    process_.stdout.on('data', (d: Buffer) => {
      lines += d.toString().split('\n').length - 1;
      if (after !== null && lines >= after) process_.kill('SIGKILL');
    });
    process_.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`the child ended with ${code}: ${errors}`));
    });
  });
}

describe('kill -9', () => {
  it('at any commit, again and again, ends with the bytes of an uninterrupted run', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(800, 5), 2);
    const input = join(folder, 'in/*.jsonl');
    expect(await start(input, join(folder, 'whole'), 2, null)).toBe(true);
    const random = generator(20);
    let kills = 0;
    while (
      !(await start(input, join(folder, 'killed'), 1 + (kills % 2), kills < 8 ? 1 + Math.floor(random() * 5) : null))
    )
      kills++;
    expect(kills).toBeGreaterThanOrEqual(4);
    expect(promisedBytes(join(folder, 'killed'))).toEqual(promisedBytes(join(folder, 'whole')));
    const left = readdirSync(join(folder, 'killed'), { recursive: true, encoding: 'utf8' });
    expect(
      left.filter((f) => f.endsWith('.tmp') || f.includes('split-') || f.startsWith('work') || f === 'lock'),
    ).toEqual([]);
  });
});
