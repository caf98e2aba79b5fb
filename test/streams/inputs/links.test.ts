import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFiles } from '../../../src/streams/inputs/files.ts';
import { fixtureFolder, readAll } from '../formats/read-all.ts';

/** A folder of files with a document each, called as the file, and of links. */
function tree(files: readonly string[], links: Readonly<Record<string, string>> = {}): string {
  const root = fixtureFolder();
  const at = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  for (const path of files) writeFileSync(at(path), `{"text":"${path}"}\n`);
  for (const [path, target] of Object.entries(links)) symlinkSync(target, at(path));
  return root;
}
const found = async (...inputs: string[]) => {
  const { files, skipped } = await findFiles(inputs);
  return { files: files.map((f) => f.path), skipped: skipped.map((s) => `${s.path}: ${s.reason}`) };
};
const LEAVES = 'link that leaves the input: give what it leads to as an input of its own';

describe('linked folders', () => {
  it('that stay in the root are read in folders and globs', async () => {
    const root = tree(['disk/shardA/x.jsonl', 'data/y.jsonl'], { 'data/shardA': '../disk/shardA' });
    // By the link only where the pattern does not reach the folder itself.
    expect(await found(join(root, 'data/../*/*/*.jsonl'))).toEqual({
      files: ['disk/shardA/x.jsonl'],
      skipped: ['data/shardA/x.jsonl: link to a file that is read already'],
    });
    const own = tree(['data/real/x.jsonl'], { 'data/in': 'real' });
    expect((await found(join(own, 'data/i*/*.jsonl'))).files).toEqual(['in/x.jsonl']);
    expect(await found(join(own, 'data'))).toEqual({
      files: ['real/x.jsonl'],
      skipped: ['in/x.jsonl: link to a file that is read already'],
    });
  });

  it('that leave the root are passed over by name, in a glob that matches nothing else too', async () => {
    const root = tree(['disk/shardA/x.jsonl', 'data/y.jsonl'], { 'data/shardA': '../disk/shardA' });
    const said = [`shardA: ${LEAVES}`];
    expect(await found(join(root, 'data/**/*.jsonl'))).toEqual({ files: ['y.jsonl'], skipped: said });
    expect(await found(join(root, 'data/*/*.jsonl'))).toEqual({ files: [], skipped: said });
    expect(await found(join(root, 'data'))).toEqual({ files: ['y.jsonl'], skipped: said });
    // One level down is not asked for.
    expect(await found(join(root, 'data/*.jsonl'))).toEqual({ files: ['y.jsonl'], skipped: [] });
    const both = await readAll([join(root, 'data'), join(root, 'data/shardA')]);
    expect(both.documents.map((d) => d.text)).toEqual(['data/y.jsonl', 'disk/shardA/x.jsonl']);
  });

  it('that lead around in a circle end', async () => {
    const root = tree(['a/one.jsonl', 'b/two.jsonl'], { 'a/b': '../b', 'b/a': '../a', 'a/up': '..', self: '.' });
    const inCircle = await found(root);
    expect(inCircle.files).toEqual(['a/one.jsonl', 'b/two.jsonl']);
    expect(inCircle.skipped).toEqual(
      expect.arrayContaining([
        'a/up: link to a folder that it is in',
        'self: link to a folder that it is in',
        'a/b/two.jsonl: link to a file that is read already',
      ]),
    );
    const folders = Array.from({ length: 9 }, (_, i) => `f${i}`);
    const links = Object.fromEntries(folders.flatMap((f) => folders.map((g) => [`${f}/to-${g}`, `../${g}`])));
    const many = await found(
      join(
        tree(
          folders.map((f) => `${f}/x.jsonl`),
          links,
        ),
        '**/*.jsonl',
      ),
    );
    expect(many.files).toEqual(folders.map((f) => `${f}/x.jsonl`));
  });
});

describe('the Hugging Face cache', () => {
  const cache = (): string =>
    tree(
      ['hub/datasets--o--n/blobs/1a', 'hub/datasets--o--n/blobs/2b', 'hub/datasets--o--n/refs/main', 'secret.jsonl'],
      {
        'hub/datasets--o--n/snapshots/r1/a.jsonl': '../../blobs/1a',
        'hub/datasets--o--n/snapshots/r1/data/b.jsonl': '../../../blobs/2b',
        'hub/datasets--o--n/snapshots/r1/out.jsonl': '../../../../secret.jsonl',
        'hub/datasets--o--n/snapshots/r2/a.jsonl': '../../blobs/1a',
      },
    );

  it('a snapshot is read by the links to its blobs, and no other link out of it', async () => {
    const root = cache();
    const snapshot = join(root, 'hub/datasets--o--n/snapshots/r1');
    for (const input of [snapshot, join(snapshot, '**')])
      expect(await found(input)).toEqual({ files: ['a.jsonl', 'data/b.jsonl'], skipped: [`out.jsonl: ${LEAVES}`] });
    const { documents } = await readAll(snapshot);
    expect(documents.map((d) => d.text)).toEqual(['hub/datasets--o--n/blobs/1a', 'hub/datasets--o--n/blobs/2b']);
  });

  it('as a whole gives each blob once, by a name that tells its format', async () => {
    expect(await found(join(cache(), 'hub'))).toEqual({
      files: ['datasets--o--n/snapshots/r1/a.jsonl', 'datasets--o--n/snapshots/r1/data/b.jsonl'],
      skipped: [
        'datasets--o--n/blobs: blobs of the Hugging Face cache: read by their names, in snapshots',
        'datasets--o--n/refs: names of revisions in the Hugging Face cache',
        `datasets--o--n/snapshots/r1/out.jsonl: ${LEAVES}`,
        'datasets--o--n/snapshots/r2/a.jsonl: link to a file that is read already',
      ],
    });
  });

  it('is no licence to leave any other folder called so', async () => {
    const root = tree(['mine/blobs/1a'], { 'mine/snapshots/r1/a.jsonl': '../../blobs/1a' });
    expect((await found(join(root, 'mine/snapshots/r1'))).skipped).toEqual([`a.jsonl: ${LEAVES}`]);
  });
});
