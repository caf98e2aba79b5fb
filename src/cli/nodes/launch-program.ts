import { resolve } from 'node:path';

/** How a node starts this same copy of Sluice: it must see it under the same path. */
export const launchProgram = (): string[] => [process.execPath, ...process.execArgv, resolve(process.argv[1])];
