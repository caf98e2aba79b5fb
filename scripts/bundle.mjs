// Puts modules of the build that are always loaded together into one file each, under chunks/. Every module keeps its
// own file, which then only names what the chunk has of it: there is one copy of each class, whoever imports it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** The stages that most recipes have. */
const stages = [
  'operators/annotate-stage',
  'operators/annotators/code-statistics-stage',
  'operators/annotators/profiles-stage',
  'operators/annotators/statistics-stage',
  'operators/annotators/text-parts-stage',
  'operators/dedup/exact-stage',
  'operators/dedup/minhash/minhash-stage',
  'operators/drop-stage',
];

/**
 * What is loaded together, in this order: a chunk holds what its modules import and no chunk before it has. So chunks
 * import earlier ones only, and modules run in the order in which Node would run them. `with`: only what both import.
 * The modules that threads and the process start with do their work when they are loaded, and stay outside.
 */
const chunks = {
  // First: the command line prints its version without the rest.
  cli: { of: ['cli'] },
  shared: { of: ['run/split/worker', ...stages], with: ['cli/run/run', 'for-recipes'] },
  worker: { of: ['run/split/worker'] },
  stages: { of: stages },
  run: { of: ['cli/run/run'] },
  recipes: { of: ['for-recipes'] },
  index: { of: ['index'] },
};
const starts = ['cli', 'run/split/worker'];

/** Packages that are put into the chunks: none whose classes a user meets, none with files of its own beside it. */
const inside = ['zod', '@duckdb/node-api', 'hyparquet', 'tslib'];

/** Everywhere else RxJS is that of the user, whose types its objects have. */
const isInside = (name, from) => inside.includes(name) || (name === 'rxjs' && from?.endsWith('own-rxjs.js'));

const packageOf = (name) => /^(@[^/]+\/)?[^/]+/.exec(name)[0];

/** @param folder with the modules as the compiler wrote them; they are replaced */
export async function bundle(folder) {
  const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.js') && !f.startsWith(`sinks${sep}live${sep}page`))
    .map((f) => f.slice(0, -3).replaceAll(sep, '/'));
  const build = await rolldown({
    input: Object.fromEntries(modules.map((m) => [m, join(folder, `${m}.js`)])),
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    resolve: { alias: { rxjs: fileURLToPath(new URL('../node_modules/rxjs/dist/esm/index.js', import.meta.url)) } },
    external: (id, from) => !/^[./]|^[A-Z]:/.test(id) && !isInside(packageOf(id), from),
    plugins: [ownPlaces(folder)],
    onLog(level, log) {
      // Asked for: what one command loads late another has from the start.
      if (level === 'warn' && log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(`${log.code}: ${log.message}`);
    },
  });
  const chunkOf = chunkNames(folder);
  await build.write({
    dir: folder,
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    minifyInternalExports: false,
    // They stand in the sources and in the types.
    comments: { jsdoc: false },
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        {
          debugName: 'loaded together',
          name: (id, context) => chunkOf(id, (of) => context.getModuleInfo(of)?.importedIds ?? []),
        },
      ],
    },
  });
  await build.close();
  const licences = [...inside, 'rxjs'].map((name) => `${name}\n\n${readFileSync(licenceOf(name), 'utf8').trim()}\n`);
  writeFileSync(join(folder, 'chunks/LICENCES'), `Of packages in this folder:\n\n${licences.join('\n\n')}`);
}

function licenceOf(name) {
  const folder = fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));
  return join(
    folder,
    readdirSync(folder).find((file) => /^licen[cs]e/i.test(file)),
  );
}

/** The chunk of a module; null: a file of its own. */
function chunkNames(folder) {
  const idOf = (module) => join(folder, `${module}.js`);
  const outside = new Set(starts.map(idOf));
  let names = null;
  return (id, imported) => {
    names ??= namesOf(imported);
    return names.get(id) ?? (id.includes(`${sep}@duckdb${sep}`) ? 'duckdb' : null);
  };

  function namesOf(imported) {
    const found = new Map();
    for (const [chunk, { of, with: both }] of Object.entries(chunks)) {
      const other = both && reached(both.map(idOf), imported);
      for (const module of reached(of.map(idOf), imported))
        if (!outside.has(module) && !found.has(module) && (!other || other.has(module))) found.set(module, chunk);
    }
    return found;
  }
}

/** Modules and all that they import, at once or by others. */
function reached(modules, imported, seen = new Set()) {
  for (const module of modules)
    if (!seen.has(module)) {
      seen.add(module);
      reached(imported(module), imported, seen);
    }
  return seen;
}

/** `import.meta.url` of a module stays that of its own file, wherever its code lies. */
function ownPlaces(folder) {
  return {
    name: 'own-places',
    transform(code, id) {
      if (!id.startsWith(folder + sep) || !code.includes('import.meta.url')) return null;
      const own = relative(folder, id).replaceAll(sep, '/');
      return { code: code.replaceAll('import.meta.url', `__url_of__("${own}")`), map: null };
    },
    renderChunk(code, { fileName }) {
      if (!code.includes('__url_of__')) return null;
      return code.replace(/__url_of__\("([^"]+)"\)/g, (_, own) => {
        const path = relative(dirname(fileName), own).replaceAll(sep, '/');
        return own === fileName
          ? 'import.meta.url'
          : `new URL('${path.startsWith('.') ? '' : './'}${path}', import.meta.url).href`;
      });
    },
  };
}
