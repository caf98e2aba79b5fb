import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { copyFile, open, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, InputError, nearestName } from '../../errors.ts';
import { type Asset, KNOWN_ASSETS } from './known.ts';

export type { Asset } from './known.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of the assets: SLUICE_ASSETS, else `sluice/assets` where the user keeps data. */
export const assetsFolder = (env: Environment = process.env): string =>
  env.SLUICE_ASSETS ?? join(env.XDG_DATA_HOME ?? join(env.HOME ?? homedir(), '.local', 'share'), 'sluice', 'assets');

const INDEX = 'assets.json';
/** Longest file that is fetched. */
const MOST_BYTES = 8 * 1024 ** 3;

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

/** All assets that there are, known or added; `file` is null for one that was not fetched. */
export function listAssets(folder = assetsFolder()): (Asset & { readonly file: string | null })[] {
  const added = addedAssets(folder);
  const all = [...KNOWN_ASSETS.filter((a) => !added.has(a.name)), ...added.values()];
  return all
    .map((a) => ({
      ...a,
      file: added.has(a.name) && existsSync(join(folder, a.sha256)) ? join(folder, a.sha256) : null,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The file of an asset. Errors: ConfigError, with the command that brings it, for one that is not there. */
export function assetFile(name: string, folder = assetsFolder()): string {
  const all = listAssets(folder);
  const asset = all.find((a) => a.name === name);
  if (asset?.file) return asset.file;
  const near = nearestName(
    name,
    all.map((a) => a.name),
  );
  const add = `sluice assets add ${name} FILE-OR-ADDRESS --licence LICENCE`;
  throw new ConfigError({
    problem: `the asset ${name} is not on this machine`,
    expected: `the asset ${name} in ${folder}`,
    got: 'nothing',
    where: `asset:${name}`,
    fix: asset
      ? `Fetch it: sluice assets fetch ${name}`
      : near
        ? `Did you mean ${near}? Else: ${add}`
        : `Add it: ${add}`,
  });
}

/** A path as an option has it: `asset:NAME` is the file of an asset, anything else the path itself. */
export const pathOf = (path: string, folder = assetsFolder()): string =>
  path.startsWith('asset:') ? assetFile(path.slice('asset:'.length), folder) : path;

/**
 * Copies or fetches a file and enters it under a name. @param sha256 what its bytes must hash to; null: whatever they
 * do, which is then pinned. Errors: ConfigError for a source that is not there; InputError for other bytes than were
 * pinned, and for a connection that fails.
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
    const hash = await hashOf(part);
    if (sha256 !== null && hash !== sha256.toLowerCase())
      throw new InputError({
        problem: `${source} is not the file that was pinned as ${name}`,
        expected: `SHA-256 ${sha256}`,
        got: hash,
        where: source,
        fix: 'It was changed or damaged. If you trust the new one, add it under its own hash: sluice assets add.',
      });
    await rename(part, join(folder, hash));
    const asset: Asset = { name, source, sha256: hash, licence };
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
  const asset = listAssets(folder).find((a) => a.name === name);
  if (asset) return addAsset(asset, folder);
  assetFile(name, folder);
  throw new ConfigError({ expected: 'the name of an asset', got: name, where: 'sluice assets fetch' });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Uint8Array);
  return hash.digest('hex');
}

async function bring(source: string, to: string): Promise<void> {
  if (/^https?:\/\//.test(source)) return download(source, to);
  try {
    await copyFile(source.startsWith('file://') ? fileURLToPath(source) : source, to);
  } catch (cause) {
    throw new ConfigError({ expected: 'a file or an address', got: (cause as Error).message, where: source, cause });
  }
}

async function download(source: string, to: string): Promise<void> {
  const failed = (got: string, cause?: unknown): InputError =>
    new InputError({
      expected: 'a file that can be fetched',
      got,
      where: source,
      fix: 'Try again, or fetch it by other means and add the file: sluice assets add NAME FILE.',
      cause,
    });
  const file = await open(to, 'w');
  try {
    const answer = await fetch(source, { signal: AbortSignal.timeout(600_000) });
    if (!answer.ok || answer.body === null) throw failed(`status ${answer.status}`);
    let bytes = 0;
    for await (const part of answer.body) {
      bytes += part.length;
      if (bytes > MOST_BYTES) throw failed(`more than ${MOST_BYTES} bytes`);
      await file.write(part);
    }
  } catch (error) {
    throw error instanceof InputError ? error : failed((error as Error).message, error);
  } finally {
    await file.close();
  }
}
