// Packs Sluice, installs the tarball in an empty folder on each Node version given (default 20 22 24), writes a recipe
// there and runs it. Compares the bytes of documents/, ledger/, quarantine/ and every further sink, and the totals,
// between the versions. The recipe has every kind of step: annotators, rules, barriers, the C4 rewrite before one and
// after another; and every sink. Needs the npm registry.
//   node scripts/certify/package.mjs [--node 20,22,24] [--input 'corpus/*.jsonl.zst']
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { node: { type: 'string', default: '20,22,24' }, input: { type: 'string' } } });
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const recipe = `import { annotate, arrow, c4, codeRules, codeStatistics, dedup, drop, fineweb, finewebRules,
  gopherQuality, gopherQualityRules, gopherRepetition, gopherRepetitionRules, jsonl, parquet, recipe, textRules,
  textStatistics } from 'sluice';

const code = { domain: ['code'] };
const prose = { domain: ['code'], not: true };

export default recipe({
  name: 'mine',
  splitBytes: 256 * 1024,
  steps: [
    dedup.exact({ step: 'copies' }),
    annotate(codeStatistics(), textStatistics(), { step: 'code_scores', where: code }),
    drop('code_quality', codeRules(), { where: code }),
    c4({ minWordsPerLine: 4, minSentences: 1, where: prose }),
    dedup.exact({ step: 'copies_after_cuts' }),
    annotate(gopherQuality(), gopherRepetition(), fineweb(), textStatistics(), { step: 'scores', where: prose }),
    drop('quality', gopherQualityRules({ minWords: 20 }), { where: prose }),
    drop('repetition', gopherRepetitionRules(), { where: prose }),
    drop('fineweb', finewebRules(), { where: prose }),
    drop('text', textRules(), { where: prose }),
  ],
  sinks: [parquet(), jsonl({ name: 'lines' }), arrow({ name: 'tables' })],
  expected: { all: { max: 1 } },
});
`;

/**
 * Own prose of several scripts, good and bad, with copies, code and records that cannot be read: the same on every
 * version.
 */
function inputLines() {
  const sentences = [
    'The river turns the wheel of the mill, and the miller knows that it will be so tomorrow.',
    'Straße, ŻÓŁĆ and İstanbul have letters of which the small and the great form differ between tables.',
    'Σίσυφος is with the stone; 東京の川は静かです。 Ещё одна строка о реке и мельнице.',
    'menu | home | contact',
    'Read more ...',
    'He said to them that the water of the year 1987 had been higher than ever, by 3.5 metres.',
    'e\u0301 and \u00e9 look alike; 👩‍🌾 is one family of code points.',
    'lorem ipsum { } javascript is needed for this page',
  ];
  let state = 1;
  const next = (n) => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state % n;
  };
  const lines = [];
  for (let i = 0; i < 3000; i++) {
    if (i % 211 === 0) lines.push('{"text": broken}');
    const code = i % 5 === 0;
    const text = code
      ? `const step${i % 900} = (x) => x * ${next(40)};\n`.repeat(1 + next(12))
      : Array.from({ length: 1 + next(24) }, () => sentences[next(sentences.length)] + (next(3) ? ' ' : '\n')).join('');
    lines.push(JSON.stringify({ id: `d${i}`, text, metadata: { domain: code ? 'code' : 'web' } }));
  }
  return `${lines.join('\n')}\n`;
}

function bytesOf(output) {
  const hash = createHash('sha256');
  for (const top of ['documents', 'ledger', 'quarantine', 'sinks']) {
    for (const name of readdirSync(join(output, top), { recursive: true }).sort()) {
      if (statSync(join(output, top, name)).isFile())
        hash.update(`${top}/${name}\0`).update(readFileSync(join(output, top, name)));
    }
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
  // npm pack runs no scripts here.
  run('npm', ['run', 'build'], root);
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
    writeFileSync(join(home, 'in.jsonl'), inputLines());
    const input = values.input ?? 'in.jsonl';
    const cli = ['-y', `node@${version}`, join(home, 'node_modules/sluice/dist/cli.js')];
    run('npx', [...cli, 'run', 'recipe.ts', '--input', input, '--output', 'out'], home);
    const actual = run('npx', ['-y', `node@${version}`, '--version'], home).trim();
    sums.set(actual, bytesOf(join(home, 'out')));
    const totals = JSON.parse(readFileSync(join(home, 'out/run.json'), 'utf8')).totals;
    const megabytes = (installedBytes(join(home, 'node_modules')) / 1e6).toFixed(0);
    console.log(
      `node ${actual}: installed ${megabytes} MB, read ${totals.read.documents}, kept ` +
        `${totals.kept.documents}, quarantined ${totals.quarantined.records}, cut ${totals.cutBytes} bytes, ` +
        `output ${sums.get(actual)}`,
    );
  }
  const same = new Set(sums.values()).size === 1;
  console.log(same ? 'all versions wrote the same bytes' : 'THE BYTES DIFFER');
  process.exitCode = same ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
