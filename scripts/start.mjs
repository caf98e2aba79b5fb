// `npm start`: the main job on text that every machine has. Builds once, then curates node_modules (or what --input
// names), with the live page; leaves the page of the finished run as a file.
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
const live = extra.some((a) => a.startsWith('--live')) ? [] : ['--live'];
const child = spawn(process.execPath, [cli, 'run', 'node-modules', ...input, ...live, ...extra], {
  stdio: 'inherit',
  cwd: root,
});
// The child hears Ctrl-C itself; this process only waits for what it decides.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
child.on('exit', (code, signal) => {
  const ended = signal ? 130 : (code ?? 1);
  // The finished page, as a file that needs nothing else.
  const place = extra.indexOf('--output');
  const run = place >= 0 ? extra[place + 1] : 'sluice-out/node-modules';
  if (ended === 0 && run)
    spawnSync(process.execPath, [cli, 'serve', run, '--export', `${run}.html`], { stdio: 'inherit', cwd: root });
  process.exit(ended);
});
