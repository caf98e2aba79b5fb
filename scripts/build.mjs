// Builds dist/: types and code by tsc, the kernel module, and the built-in recipes (which import `sluice` like a user's
// would); then what is always loaded together goes into one file (bundle.mjs).
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const tsc = 'node_modules/typescript/bin/tsc';

// The flags stand in package.json once, for this and for a kernel author.
const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
run(['node_modules/assemblyscript/bin/asc.js', ...scripts['build:kernels'].split(' ').slice(1)]);
// Beside the old build, and in its place only when all went well.
const fresh = `dist-new-${process.pid}`;
const folder = `${root}${fresh}`;
try {
  run([tsc, '-p', 'tsconfig.json', '--outDir', fresh]);
  cpSync(`${root}/src/sinks/live/page`, `${folder}/sinks/live/page`, { recursive: true });
  cpSync(`${root}/src/kernels/kernels.wasm`, `${folder}/kernels/kernels.wasm`);
  const tables = await import(`${folder}/kernels/same-text.js`);
  const { packedTable } = await import(`${folder}/kernels/built-table.js`);
  writeFileSync(`${folder}/kernels/same-text.table`, packedTable(tables.makeSameTextFolding()));
  // They import `sluice`, which is this build.
  const recipes = {
    extends: '../tsconfig.recipes.json',
    compilerOptions: { rootDir: '../recipes', outDir: './recipes', paths: { sluice: ['./index.d.ts'] } },
    include: ['../recipes'],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(recipes));
  run([tsc, '-p', `${fresh}/tsconfig.json`]);
  rmSync(`${folder}/tsconfig.json`);
  // A run of one of them needs no streams of batches, and so no apache-arrow: 0.15 s of CPU.
  for (const file of readdirSync(`${folder}/recipes`).filter((f) => f.endsWith('.js'))) {
    const code = readFileSync(`${folder}/recipes/${file}`, 'utf8');
    writeFileSync(`${folder}/recipes/${file}`, code.replace(/from 'sluice';$/m, "from '../for-recipes.js';"));
  }
  await bundle(folder);
  rmSync(`${root}/dist`, { recursive: true, force: true });
  renameSync(folder, `${root}/dist`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
chmodSync(`${root}/dist/cli.js`, 0o755);
