// Builds dist/: types and code by tsc, the kernel module, and the built-in recipes (which import `sluice` like a user's would).
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const tsc = 'node_modules/typescript/bin/tsc';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
// The flags stand in package.json once, for this and for a kernel author.
const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
run(['node_modules/assemblyscript/bin/asc.js', ...scripts['build:kernels'].split(' ').slice(1)]);
run([tsc, '-p', 'tsconfig.json']);
cpSync(`${root}/src/kernels/kernels.wasm`, `${root}/dist/kernels/kernels.wasm`);
run([tsc, '-p', 'tsconfig.recipes.json']);
chmodSync(`${root}/dist/cli.js`, 0o755);
