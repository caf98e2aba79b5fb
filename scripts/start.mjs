// `npm start`: the main job on text that every machine has. Builds once, then curates node_modules (or what --input
// names).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
if (!existsSync(cli)) {
  console.error('Building Sluice (once) ...');
  const built = spawnSync(process.execPath, [fileURLToPath(new URL('./build.mjs', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const extra = process.argv.slice(2);
const input = extra.some((a) => a === '--input' || a.startsWith('--input='))
  ? []
  : ['--input', fileURLToPath(new URL('../node_modules', import.meta.url))];
const child = spawn(process.execPath, [cli, 'run', 'node-modules', ...input, ...extra], {
  stdio: 'inherit',
  cwd: root,
});
// The child hears Ctrl-C itself; this process only waits for what it decides.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
