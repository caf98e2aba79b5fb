import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { run } from 'sluice';
import { loadRecipe } from '../../dist/recipe/loader.js';
import { recipes } from './recipes.mjs';

const child = join(import.meta.dirname, 'child.mjs');
const injected = join(import.meta.dirname, 'injected.mjs');

/** SLUICE_FAULTS of `failpoints.mjs`. */
export interface Faults {
  readonly root: string;
  readonly mode: 'record' | 'chain' | 'kill' | 'nth' | 'error' | 'trace';
  readonly file?: string;
  readonly site?: string;
  readonly n?: number;
  readonly code?: string;
  /** [i, n]: this chain takes the i-th of n parts of all failpoints. */
  readonly share?: readonly [number, number];
  /** Pattern: this chain takes only failpoints that match. */
  readonly only?: string;
}

export interface ChildRun {
  /** Name in `recipes.mjs`, or the path of a TypeScript module. */
  readonly recipe: string;
  readonly input: string;
  readonly output: string;
  readonly workers?: number;
  readonly faults?: Faults;
  /** Lets every failpoint fail with a code, in a folder each: the code, and a pattern; see `injected.mjs`. */
  readonly each?: readonly [code: string, pattern: string];
  /** SIGKILL to the whole process group after so many milliseconds. */
  readonly killAfterMs?: number;
  /** Bytes that a shard aims at. Default 16 KB. */
  readonly shardSize?: number;
  /** A file for standard input. */
  readonly stdin?: string;
}

export interface ChildEnd {
  readonly killed: boolean;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a recipe in a process group of its own, until it ends or is killed. */
export function runChild(o: ChildRun): Promise<ChildEnd> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const args = o.each
      ? [injected, o.recipe, o.input, o.output, ...o.each]
      : [child, o.recipe, o.input, o.output, String(o.workers ?? 1)];
    const started = spawn(process.execPath, args, {
      stdio: [o.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
      env: {
        ...inherited,
        SLUICE_FAULTS: o.faults ? JSON.stringify(o.faults) : '',
        SHARD_SIZE: String(o.shardSize ?? 16 * 1024),
      },
    });
    if (o.stdin) {
      // It may be killed before it has read everything.
      started.stdin!.on('error', () => {});
      createReadStream(o.stdin).pipe(started.stdin!);
    }
    let stdout = '';
    let stderr = '';
    started.stdout!.on('data', (d: Buffer) => {
      stdout += d.toString();
    });
    started.stderr!.on('data', (d: Buffer) => {
      stderr += d.toString();
    });
    const timer =
      o.killAfterMs === undefined ? undefined : setTimeout(() => process.kill(-started.pid!, 'SIGKILL'), o.killAfterMs);
    started.on('error', reject);
    started.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ killed: signal === 'SIGKILL', code, stdout, stderr });
    });
  });
}

/** Runs to the end without faults; throws with what it said when it does not get there. */
export async function runWhole(o: ChildRun): Promise<ChildEnd> {
  const end = await runChild(o);
  if (end.code !== 0) throw new Error(`the child ended with ${end.code}: ${end.stderr}`);
  return end;
}

/** The same in this process, where nothing is to be broken or killed: a process of its own costs half a second. */
export async function runHere({ recipe, input, output, workers = 1, shardSize = 16 * 1024 }: ChildRun): Promise<void> {
  const named = recipes[recipe] ?? (await loadRecipe(recipe));
  await lastValueFrom(run(named, { input: [input], output, workers, shardSize }));
}

/** Files that a finished run must not leave: temporary files, locks, work, segments that are in a shard. */
export function leftovers(output: string): string[] {
  return readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((f) =>
    /\.tmp$|(^|\/)split-|^(lock.*|work|stdin-copy)(\/|$)/.test(f),
  );
}

export const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];

/**
 * Kills a run at every failpoint that was not hit yet, starting it again each time, until it ends by itself. Returns
 * the kills.
 */
export async function chain(o: ChildRun & { readonly faults: Faults }, atMost = 1000): Promise<number> {
  for (let kills = 0; kills <= atMost; kills++) {
    const end = await runChild(o);
    if (!end.killed && end.code === 0) return kills;
    if (!end.killed) throw new Error(`after ${kills} kills the child ended with ${end.code}: ${end.stderr}`);
  }
  throw new Error(`no end after ${atMost} kills; the last: ${linesOf(o.faults.file!).slice(-5).join(', ')}`);
}
