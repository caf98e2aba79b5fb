// Packs Sluice, installs the tarball in an empty folder on each Node version given (default 20 22 24), writes a recipe there and runs it.
// Compares the bytes of documents/, ledger/ and quarantine/ between the versions. Needs the npm registry.
//   node scripts/certify-package.mjs [--node 20,22,24] [--input 'corpus/*.jsonl.zst']
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { node: { type: 'string', default: '20,22,24' }, input: { type: 'string' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const recipe = `import { annotate, dedup, drop, gopherQuality, gopherQualityRules, recipe } from 'sluice';

export default recipe({
  name: 'mine',
  steps: [dedup.exact(), annotate(gopherQuality()), drop('gopher_quality', gopherQualityRules())],
});
`;

function bytesOf(output) {
  const hash = createHash('sha256');
  for (const top of ['documents', 'ledger', 'quarantine']) {
    for (const name of readdirSync(join(output, top)).sort())
      hash.update(`${top}/${name}\0`).update(readFileSync(join(output, top, name)));
  }
  hash.update(JSON.stringify(JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')).totals));
  return hash.digest('hex').slice(0, 16);
}

const installedBytes = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true }).reduce(
    (n, e) => (e.isFile() ? n + statSync(join(e.parentPath ?? e.path, e.name)).size : n),
    0,
  );

try {
  const [{ filename }] = Object.values(
    JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)),
  );
  const sums = new Map();
  for (const version of values.node.split(',')) {
    const home = join(folder, `node-${version}`);
    mkdirSync(home);
    writeFileSync(join(home, 'package.json'), '{"name":"empty","private":true,"type":"module"}\n');
    writeFileSync(join(home, 'recipe.ts'), recipe);
    run('npm', ['install', '--no-audit', '--no-fund', join(folder, filename)], home);
    const text = Array.from(
      { length: 400 },
      (_, i) =>
        `{"id":"d${i}","text":${JSON.stringify(`${'The river and the mill have that to do with the wheel of the miller. '.repeat(1 + (i % 9))}${i % 7}`)}}\n`,
    ).join('');
    writeFileSync(join(home, 'in.jsonl'), text);
    const input = values.input ?? 'in.jsonl';
    const cli = ['-y', `node@${version}`, join(home, 'node_modules/sluice/dist/cli.js')];
    run('npx', [...cli, 'run', 'recipe.ts', '--input', input, '--output', 'out'], home);
    const actual = run('npx', ['-y', `node@${version}`, '--version'], home).trim();
    sums.set(actual, bytesOf(join(home, 'out')));
    const totals = JSON.parse(readFileSync(join(home, 'out/run.json'), 'utf8')).totals;
    const megabytes = (installedBytes(join(home, 'node_modules')) / 1e6).toFixed(0);
    console.log(
      `node ${actual}: installed ${megabytes} MB, read ${totals.read.documents}, kept ${totals.kept.documents}, output ${sums.get(actual)}`,
    );
  }
  const same = new Set(sums.values()).size === 1;
  console.log(same ? 'all versions wrote the same bytes' : 'THE BYTES DIFFER');
  process.exitCode = same ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
