import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** URL of a module of the build, for code that runs in a process of its own: `built('models/index')`. */
export const built = (module: string): string => pathToFileURL(resolve(root, 'dist', `${module}.js`)).href;
