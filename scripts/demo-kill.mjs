// `npm run demo:kill`: runs a recipe over the text in node_modules once in peace, then once killed with SIGKILL at a
// few moments and started again by the same command; prints what each start found and whether the two outputs are the
// same, byte for byte.
//   npm run demo:kill [-- FOLDER-OR-GLOB]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli.js');
if (!existsSync(cli)) {
  console.error('Building Sluice (once) ...');
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const input = process.argv[2] ?? `${join(root, 'node_modules')}/**/*.md`;
const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
// Copies need the whole input before they are dropped. Small splits, so that there are many.
const recipe = join(folder, 'recipe.mjs');
writeFileSync(
  recipe,
  `import { annotate, dedup, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({
  name: 'killed',
  read: { format: 'text' },
  splitBytes: 256 * 1024,
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
  ],
});
`,
);

/** Starts the run; kills its process group once `when` says so of an event. */
function start(output, when = () => false) {
  const args = [cli, 'run', recipe, '--input', input, '--output', output, '--json'];
  const run = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const seen = { resumed: 0, commits: 0, event: null };
    let rest = '';
    run.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const event of lines.map((l) => JSON.parse(l))) {
        if (event.type === 'planned') seen.splits = event.splits;
        if (event.type === 'commit') seen.commits++;
        if (event.type === 'commit') seen.event = event;
        if (when(event, seen)) {
          try {
            process.kill(-run.pid, 'SIGKILL');
          } catch (error) {
            if (error.code !== 'ESRCH') throw error;
          }
        }
      }
    });
    run.on('exit', (code, signal) => {
      const seconds = (performance.now() - began) / 1000;
      if (signal === 'SIGKILL') resolve({ ...seen, seconds, end: 'killed' });
      else if (code === 0) resolve({ ...seen, seconds, end: 'done' });
      else reject(new Error(`the run ended with ${code}`));
    });
  });
}

function bytesOf(output) {
  const hashes = {};
  for (const top of ['documents', 'ledger', 'quarantine'])
    for (const name of readdirSync(join(output, top)).sort())
      hashes[`${top}/${name}`] = createHash('sha256')
        .update(readFileSync(join(output, top, name)))
        .digest('hex');
  const { totals } = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8'));
  hashes['totals in run.json'] = createHash('sha256').update(JSON.stringify(totals)).digest('hex');
  return hashes;
}

const commitsOf = (output) =>
  existsSync(join(output, 'commits.jsonl'))
    ? readFileSync(join(output, 'commits.jsonl'), 'utf8').split('\n').length - 1
    : 0;

const moments = [
  ['when it has planned', (e) => e.type === 'planned'],
  ['after 2 commits', (_, seen) => seen.commits >= 2],
  ['as it starts again', (e) => e.type === 'planned'],
  ['after 5 more', (_, seen) => seen.commits >= 5],
  ['in the second pass', (e) => e.type === 'commit' && e.phase === 'split/1'],
];
try {
  console.log(`${input}, once in peace ...`);
  const peace = await start(join(folder, 'peace'));
  console.log(`done in ${peace.seconds.toFixed(1)} s: ${peace.commits} commits. Now the same, killed:\n`);
  console.log('start  killed                  seconds  commits before  commits after');
  const output = join(folder, 'killed');
  for (let i = 0; ; i++) {
    const [name, when] = moments[i] ?? ['not any more', undefined];
    const before = commitsOf(output);
    const { seconds, end } = await start(output, when);
    console.log(
      `${String(i + 1).padStart(5)}  ${(end === 'killed' ? name : 'not any more').padEnd(22)}  ` +
        `${seconds.toFixed(1).padStart(7)}  ${String(before).padStart(14)}  ` +
        `${String(commitsOf(output)).padStart(13)}`,
    );
    if (end === 'done') break;
  }
  const [a, b] = [bytesOf(join(folder, 'peace')), bytesOf(output)];
  console.log('\nsha256, in peace and killed');
  let same = 0;
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  for (const name of names) {
    if (a[name] === b[name]) same++;
    console.log(`${a[name] === b[name] ? 'same ' : 'OTHER'}  ${(b[name] ?? 'absent').slice(0, 16)}  ${name}`);
  }
  console.log(`\n${same} of ${names.length} identical`);
  process.exitCode = same === names.length ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
