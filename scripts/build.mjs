// Builds dist/: types and code by tsc, the kernel module, and the built-in recipes (which import `sluice` like a user's
// would).
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const tsc = 'node_modules/typescript/bin/tsc';

// The flags stand in package.json once, for this and for a kernel author.
const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
run(['node_modules/assemblyscript/bin/asc.js', ...scripts['build:kernels'].split(' ').slice(1)]);
// Beside the old build, and in its place only when all went well.
const fresh = `dist-new-${process.pid}`;
try {
  run([tsc, '-p', 'tsconfig.json', '--outDir', fresh]);
  cpSync(`${root}/src/sinks/live/page`, `${root}/${fresh}/sinks/live/page`, { recursive: true });
  cpSync(`${root}/src/kernels/kernels.wasm`, `${root}/${fresh}/kernels/kernels.wasm`);
  rmSync(`${root}/dist`, { recursive: true, force: true });
  renameSync(`${root}/${fresh}`, `${root}/dist`);
} finally {
  rmSync(`${root}/${fresh}`, { recursive: true, force: true });
}
// They import `sluice`, which is the new build by now.
run([tsc, '-p', 'tsconfig.recipes.json']);
// A run of one of them needs no streams of batches, and so no apache-arrow: 0.15 s of CPU.
for (const file of readdirSync(`${root}/dist/recipes`).filter((f) => f.endsWith('.js'))) {
  const code = readFileSync(`${root}/dist/recipes/${file}`, 'utf8');
  writeFileSync(`${root}/dist/recipes/${file}`, code.replace(/from 'sluice';$/m, "from '../for-recipes.js';"));
}
chmodSync(`${root}/dist/cli.js`, 0o755);
