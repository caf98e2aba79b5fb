// Lets every failpoint of a run fail once, each in a run directory of its own, and runs it again to the end, all in one
// process: `injected.mjs <recipe> <input> <folder> <code> [pattern]`. Prints a JSON line for each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { lastValueFrom } from 'rxjs';
import { run } from '../../dist/run/run.js';
import { importInWorkers } from '../../dist/threads.js';
import { configure } from './failpoints.mjs';
import { recipes } from './recipes.mjs';

const [name, input, folder, code, pattern = '.'] = process.argv.slice(2);
importInWorkers(new URL('./failpoints.mjs', import.meta.url).href);
const start = (output) => lastValueFrom(run(recipes[name], { input: [input], output, workers: 1, shardSize: 16384 }));

configure({ root: `${folder}-recorded`, mode: 'record', file: `${folder}-sites` });
await start(`${folder}-recorded`);
const sites = readFileSync(`${folder}-sites`, 'utf8').trim().split('\n');
// Disks fill up where something is written; they break anywhere.
const calls = code === 'ENOSPC' ? /^(write|append) / : /^(fsync|fsync-folder|rename|rm) /;
for (const [i, site] of sites.filter((s) => calls.test(s) && new RegExp(pattern).test(s)).entries()) {
  const output = `${folder}-${i}`;
  configure({ root: output, mode: 'error', site, code });
  let error = 'none';
  try {
    await start(output);
  } catch (e) {
    error = e.name === 'InputError' && e.message.includes(code) ? 'InputError' : String(e);
  }
  configure(null);
  const left = (existsSync(output) ? readdirSync(output, { recursive: true }) : []).filter(
    (f) => f.endsWith('.tmp') || f.startsWith('lock'),
  );
  await start(output);
  process.stdout.write(`${JSON.stringify({ site, error, left, output })}\n`);
}
