import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What the hook is told when it is registered. */
export interface ResolveHookData {
  /** Folder URL of the running copy, with a slash at the end. */
  readonly root: string;
  /** `.js` in a build, `.ts` in sources. */
  readonly extension: string;
}

interface Resolved {
  readonly url: string;
  readonly format?: string | null;
  readonly shortCircuit?: boolean;
}

type Next = (specifier: string, context: { readonly parentURL?: string }) => Promise<Resolved>;

let running: ResolveHookData;

export function initialize(data: ResolveHookData): void {
  running = data;
}

/** Packages whose types stand in Sluice's own, so a recipe may import them without installing them. */
const SHARED = /^(rxjs|apache-arrow|zod)(\/|$)/;

/**
 * A bare `sluice` is the copy that runs, from any folder. And a recipe or a module beside it is an ES module when it is
 * written as one, whatever the nearest package.json says or does not say (`npm init` says commonjs).
 */
export async function resolve(
  specifier: string,
  context: { readonly parentURL?: string },
  next: Next,
): Promise<Resolved> {
  const entry = /^sluice(?:\/([a-z]+))?$/.exec(specifier);
  if (entry) {
    const path = entry[1] ? `${entry[1]}/index` : 'index';
    return next(new URL(path + running.extension, running.root).href, context);
  }
  let resolved: Resolved;
  try {
    resolved = await next(specifier, context);
  } catch (error) {
    if (!SHARED.test(specifier) || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    resolved = await next(specifier, { ...context, parentURL: running.root });
  }
  // Some versions of Node leave the format open until the file is loaded, and then ask the package.json.
  if (!/^(commonjs|typescript|$)/.test(resolved.format ?? '') || !resolved.url.startsWith('file:')) return resolved;
  // The compiler's hook marks what it takes for CommonJS in the query or, escaped, in the path.
  const url = resolved.url.replace(/(%3F|\?).*$/i, '');
  if (!/\.[jt]s$/.test(url) || url.includes('/node_modules/')) return resolved;
  return (await isWrittenAsModule(url)) ? { ...resolved, url, format: 'module' } : resolved;
}

const isWrittenAsModule = async (url: string): Promise<boolean> =>
  /^\s*(import\s*["'{*\w]|export\s*[{*]|export\s+\w)/m.test(await readFile(fileURLToPath(url), 'utf8'));
