import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, InputError, nearestName } from '../../errors.ts';
import { bring, shownSource } from './bring.ts';
import { type Asset, KNOWN_ASSETS } from './known.ts';
import { hasHash, hashOfFile } from './verify.ts';

export type { Asset } from './known.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of the assets: SLUICE_ASSETS, else `sluice/assets` where the user keeps data. */
export const assetsFolder = (env: Environment = process.env): string =>
  env.SLUICE_ASSETS ?? join(env.XDG_DATA_HOME ?? join(env.HOME ?? homedir(), '.local', 'share'), 'sluice', 'assets');

const INDEX = 'assets.json';
const PINNED = new Map(KNOWN_ASSETS.map((a) => [a.name, a]));

/** Assets that were added, by name. Errors: InputError for an index that cannot be read. */
export function addedAssets(folder = assetsFolder()): ReadonlyMap<string, Asset> {
  const path = join(folder, INDEX);
  if (!existsSync(path)) return new Map();
  try {
    const { assets } = JSON.parse(readFileSync(path, 'utf8')) as { readonly assets: readonly Asset[] };
    return new Map(assets.map((a) => [a.name, a]));
  } catch (cause) {
    throw new InputError({ expected: 'the index of assets', got: (cause as Error).message, where: path, cause });
  }
}

/** What is of an asset on this machine; `damaged`: a file that does not have the bytes that were pinned. */
export type AssetState = 'here' | 'damaged' | 'not here';

/** All assets that there are, known or added; of a known name the pin of Sluice counts. */
function allAssets(folder: string): Asset[] {
  const added = [...addedAssets(folder).values()].filter((a) => !PINNED.has(a.name));
  return [...KNOWN_ASSETS, ...added];
}

function stateOf({ sha256 }: Asset, folder: string): AssetState {
  const file = join(folder, sha256);
  if (!existsSync(file)) return 'not here';
  return hasHash(file, sha256) ? 'here' : 'damaged';
}

/** All assets by name; `file` is null for one that was not fetched or is damaged. Reads the files that there are. */
export function listAssets(
  folder = assetsFolder(),
): (Asset & { readonly file: string | null; readonly state: AssetState })[] {
  return allAssets(folder)
    .map((a) => {
      const state = stateOf(a, folder);
      return { ...a, source: shownSource(a.source), file: state === 'here' ? join(folder, a.sha256) : null, state };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The file of an asset, whose bytes have the hash that was pinned. Errors: ConfigError, with the command that brings
 * it, for one that is not there or is damaged.
 */
export function assetFile(name: string, folder = assetsFolder()): string {
  const all = allAssets(folder);
  const asset = all.find((a) => a.name === name);
  const state = asset ? stateOf(asset, folder) : 'not here';
  if (asset && state === 'here') return join(folder, asset.sha256);
  const where = `asset:${name}`;
  if (asset && state === 'damaged')
    throw new ConfigError({
      problem: `the asset ${name} was changed or damaged since it was fetched`,
      expected: `SHA-256 ${asset.sha256}`,
      got: 'other bytes',
      where: `${where}, ${join(folder, asset.sha256)}`,
      fix: `Fetch it again: sluice assets fetch ${name}`,
    });
  const language = /^bad-words-(.+)$/.exec(name);
  const languages = KNOWN_ASSETS.flatMap((a) => /^bad-words-(.+)$/.exec(a.name)?.[1] ?? []);
  const near = nearestName(
    name,
    all.map((a) => a.name),
  );
  const add = `sluice assets add ${name} FILE-OR-ADDRESS --licence LICENCE`;
  const fix = asset
    ? `Fetch it: sluice assets fetch ${name}`
    : language
      ? `There are lists for ${languages.join(', ')}. Name your own: badWords({ lists: ['FILE'] }), or ${add}`
      : near
        ? `Did you mean ${near}? Else: ${add}`
        : `Add it: ${add}`;
  throw new ConfigError({
    problem: `the asset ${name} is not on this machine`,
    expected: `the asset ${name} in ${folder}`,
    got: 'nothing',
    where,
    fix,
  });
}

/** A path as an option has it: `asset:NAME` is the file of an asset, anything else the path itself. */
export const pathOf = (path: string, folder = assetsFolder()): string =>
  path.startsWith('asset:') ? assetFile(path.slice('asset:'.length), folder) : path;

/**
 * Copies or fetches a file and enters it under a name. @param sha256 what its bytes must hash to; null: whatever they
 * do, which is then pinned. A name and password in an address are used and not kept, nor is what stands behind `?`.
 * Errors: ConfigError for a source that is not there, and for other bytes under a name that Sluice pins; InputError for
 * other bytes than were pinned, and for a connection that fails.
 */
export async function addAsset(
  { name, source, sha256, licence }: Omit<Asset, 'sha256'> & { readonly sha256: string | null },
  folder = assetsFolder(),
): Promise<Asset> {
  if (!/^[a-z0-9][a-z0-9._-]{0,80}$/.test(name))
    throw new ConfigError({ expected: 'a name of a-z, 0-9, `.`, `_` and `-`', got: name, where: 'sluice assets' });
  mkdirSync(folder, { recursive: true });
  const part = join(folder, `.part-${process.pid}-${name}`);
  try {
    await bring(source, part);
    const hash = hashOfFile(part);
    const pinned = PINNED.get(name);
    if (pinned && source !== pinned.source && hash !== pinned.sha256)
      throw new ConfigError({
        problem: `${name} is the name of a file that Sluice pins, and this is another one`,
        expected: `SHA-256 ${pinned.sha256}`,
        got: hash,
        where: shownSource(source),
        fix: `Add it under another name: sluice assets add my-${name} FILE-OR-ADDRESS --licence LICENCE`,
      });
    if (sha256 !== null && hash !== sha256.toLowerCase())
      throw new InputError({
        problem: `${shownSource(source)} is not the file that was pinned as ${name}`,
        expected: `SHA-256 ${sha256}`,
        got: hash,
        where: shownSource(source),
        fix: 'It was changed or damaged. If you trust the new one, add it under its own hash: sluice assets add.',
      });
    await rename(part, join(folder, hash));
    const asset: Asset = pinned ?? { name, source: shownSource(source), sha256: hash, licence };
    const assets = [...addedAssets(folder).values()].filter((a) => a.name !== name);
    const index = join(folder, INDEX);
    await writeFile(`${index}.tmp`, `${JSON.stringify({ format: 1, assets: [...assets, asset] }, null, 1)}\n`);
    await rename(`${index}.tmp`, index);
    return asset;
  } finally {
    await rm(part, { force: true });
  }
}

/** Fetches a known asset, or one that was added and is gone. Errors: as `addAsset`; ConfigError for an unknown name. */
export async function fetchAsset(name: string, folder = assetsFolder()): Promise<Asset> {
  const asset = allAssets(folder).find((a) => a.name === name);
  if (asset) return addAsset(asset, folder);
  assetFile(name, folder);
  throw new ConfigError({ expected: 'the name of an asset', got: name, where: 'sluice assets fetch' });
}
