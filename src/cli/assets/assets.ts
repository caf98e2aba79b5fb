import { ConfigError } from '../../errors.ts';
import { type Asset, addAsset, assetsFolder, fetchAsset, listAssets } from '../../files/assets/assets.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = {
  sha256: { value: 'HASH', help: 'What the bytes must hash to. Default: whatever they do, which is then pinned.' },
  licence: { value: 'NAME', help: 'Licence of what is added, as its owner calls it.' },
  json: { help: 'One JSON line for each asset.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('assets', args, options, ['action?', 'name?', 'source?']);
  const [action = 'list', name, source] = positionals;
  if (action === 'list') return list(values.json);
  if (action === 'fetch' && name !== undefined) return said(await fetchAsset(name));
  if (action === 'add' && source !== undefined) {
    const { sha256 = null, licence } = values;
    if (licence === undefined)
      throw new ConfigError({
        expected: 'the licence of what is added',
        got: 'none',
        where: 'sluice assets add',
        fix: 'Say it: --licence CC-BY-4.0, or --licence unknown.',
      });
    return said(await addAsset({ name, source, sha256, licence }));
  }
  throw new ConfigError({
    expected: 'list, fetch NAME, or add NAME FILE-OR-ADDRESS --licence LICENCE',
    got: positionals.join(' '),
    where: 'sluice assets',
    fix: 'See: sluice assets --help',
  });
}

function said({ name, sha256, licence }: Asset): number {
  standardOutput().out(`${safeText(name)} is here: sha256 ${sha256}, ${safeText(licence)}`);
  return 0;
}

function list(json: boolean): number {
  const { out } = standardOutput();
  const all = listAssets();
  if (json) {
    for (const asset of all) out(safeJson(JSON.stringify(asset)));
    return 0;
  }
  const width = Math.max(...all.map((a) => a.name.length));
  out(`Assets in ${safeText(assetsFolder())}`);
  for (const { name, state, licence, source } of all) {
    out(`  ${safeText(name).padEnd(width)}  ${state.padEnd(8)}  ${safeText(licence)}  ${safeText(source)}`);
  }
  return 0;
}

/** `sluice assets`: files that cannot ship with Sluice. */
export const assets: Command = {
  help: {
    usage: '[list | fetch NAME | add NAME FILE-OR-ADDRESS --licence LICENCE]',
    about:
      'Word lists, lists of addresses and models that cannot ship with Sluice: each has a name, a source, a licence ' +
      'and the SHA-256 of its bytes. Recipes name them as asset:NAME. They lie in SLUICE_ASSETS, or where you keep ' +
      'data.',
    options,
    examples: [
      ['sluice assets', 'what there is, and what is here'],
      ['sluice assets fetch bad-words-en', 'fetch one that Sluice knows'],
      ['sluice assets add ut1-adult ./adult/domains --licence CC-BY-SA-4.0', 'add one of your own'],
    ],
  },
  run,
};
