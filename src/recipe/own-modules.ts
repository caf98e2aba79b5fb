import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.ts';
import { xxh64Hex } from '../hash.ts';
import type { StepDescriptor } from '../streams/operator.ts';

/** Modules of the user's own that workers will import, as URLs of files: stages and annotators. Each once, in order. */
export function ownModules(steps: readonly StepDescriptor[]): string[] {
  const named = steps.flatMap(({ stage, options }) => {
    const annotators = (options.annotators ?? []) as unknown as readonly { readonly module?: string }[];
    return [...(typeof stage === 'string' ? [] : [stage.module]), ...annotators.flatMap((a) => a.module ?? [])];
  });
  return [...new Set(named)].filter((m) => m.startsWith('file:'));
}

/**
 * xxh64 of each of them, by URL. What a module imports is not covered: that is what versions are for.
 * Errors: ConfigError for one that cannot be read.
 */
export async function hashesOfModules(modules: readonly string[]): Promise<{ readonly [url: string]: string }> {
  const hashes = await Promise.all(modules.map(async (url) => [url, await hashOf(url)] as const));
  return Object.fromEntries(hashes);
}

async function hashOf(url: string): Promise<string> {
  const path = fileURLToPath(url.replace(/[?#].*$/, ''));
  try {
    return await xxh64Hex(await readFile(path));
  } catch (error) {
    throw new ConfigError({
      expected: 'a module that can be read',
      got: (error as NodeJS.ErrnoException).code ?? (error as Error).message,
      where: path,
      cause: error,
    });
  }
}
