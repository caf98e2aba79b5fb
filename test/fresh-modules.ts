import { vi } from 'vitest';

// Files of one process share the build, and nothing of test/: helpers and the hooks in them are those of one file.
vi.resetModules();

// Each begins with the environment of the first, and in its folder.
const begun = globalThis as { testsBegan?: { readonly env: NodeJS.ProcessEnv; readonly cwd: string } };
begun.testsBegan ??= { env: { ...process.env }, cwd: process.cwd() };
const { env, cwd } = begun.testsBegan;
for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
Object.assign(process.env, env);
process.chdir(cwd);
