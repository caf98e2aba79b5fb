import { ConfigError, InputError } from '../../errors.ts';
import { bucketPlace, hubPlace, webPlace } from '../../files/stores/open-store.ts';
import type { ReadableStore, StoredObject } from '../../files/stores/store.ts';
import { schemeOf, shownUrl } from '../../files/stores/url.ts';
import { expandBraces, isGlob, parseGlob } from './glob.ts';
import type { Pipe } from './pipe.ts';

/** An object that an input names. */
export interface FoundObject {
  /** Relative to what the input has without wild cards. */
  readonly path: string;
  /** With all that is needed to read it: may hold secrets. */
  readonly url: string;
  /** What it is below, as it may be shown. */
  readonly root: string;
  readonly size: number;
  readonly version: string | null;
  readonly named: boolean;
  readonly explicit: boolean;
  /** False: parts of it cannot be asked for. */
  readonly ranges: boolean;
}

type Skipped = { path: string; reason: string }[];

/** Objects of an input that is a URL, in the order of the bytes of their paths. Errors: ConfigError, InputError. */
export function findObjects(input: string, skipped: Skipped): Promise<FoundObject[]> {
  switch (schemeOf(input)) {
    case 's3':
      return inBucket(input, skipped);
    case 'hf':
      return onHub(input, skipped);
    case 'http':
    case 'https':
      return onWeb(input);
  }
}

/** Files of web servers are named one by one; braces stand for several. */
async function onWeb(input: string): Promise<FoundObject[]> {
  const end = input.search(/[?#]/);
  const [address, query] = end < 0 ? [input, ''] : [input.slice(0, end), input.slice(end).replace(/#.*$/, '')];
  if (/[*[]/.test(address))
    throw new ConfigError({
      expected: 'the address of a file',
      got: 'a glob: a web server has no list of its files',
      where: shownUrl(input),
      fix: "Name each file; braces stand for several: 'https://host/part-{000,001}.jsonl.gz'.",
    });
  const found: FoundObject[] = [];
  for (const url of expandBraces(address)) {
    const { store, key } = webPlace(url + query);
    const object = await store.stat(key);
    if (object === null) throw notThere(url);
    const path = decodeURIComponent(new URL(url).pathname).split('/').pop() || 'index';
    found.push({ ...object, ...asked, path, url: url + query, root: shownUrl(new URL('.', url).href) });
  }
  return found;
}

/** A file of a web server that does not give parts, or does not say how long it is: it is read once, as a pipe is. */
export async function unrangedFile(input: string): Promise<Pipe | null> {
  if (!/^https?:/i.test(input) || expandBraces(input).length > 1 || /[*[]/.test(input)) return null;
  const { store, key } = webPlace(input);
  const found = await store.stat(key);
  if (found === null || (found.ranges && found.size >= 0)) return null;
  const name = decodeURIComponent(new URL(input).pathname).split('/').pop() || 'index';
  const read = () => store.get(key);
  return { name, called: shownUrl(input), read, readIfGiven: read };
}

const asked = { named: true, explicit: true };

async function inBucket(input: string, skipped: Skipped): Promise<FoundObject[]> {
  const { store, key } = bucketPlace(input);
  return below(store, key, { input, url: (k) => `${store.url}/${k}`, skipped });
}

async function onHub(input: string, skipped: Skipped): Promise<FoundObject[]> {
  const { store, path } = hubPlace(input);
  // Reads go to the commit of this moment.
  const base = `${store.url.replace(/@[^/]*$/, '')}@${await store.commit()}`;
  return below(store, path, { input, url: (k) => `${base}/${k}`, skipped });
}

interface Below {
  readonly input: string;
  readonly url: (key: string) => string;
  readonly skipped: Skipped;
}

/** One object, all below a folder, or those that a glob matches. */
async function below(store: ReadableStore, key: string, given: Below): Promise<FoundObject[]> {
  if (isGlob(key)) return globbed(store, key, given);
  const { input, url } = given;
  if (key !== '' && !key.endsWith('/')) {
    const object = await store.stat(key);
    if (object !== null) {
      const root = shownUrl(input.slice(0, input.lastIndexOf('/')));
      return [{ ...object, ...asked, path: key.split('/').pop()!, url: url(key), root, ranges: true }];
    }
  }
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
  const found: FoundObject[] = [];
  for await (const object of store.list(folder)) {
    if ('folder' in object || object.key.endsWith('/')) continue;
    const path = object.key.slice(folder.length);
    if (path.split('/').some((name) => name.startsWith('.'))) continue;
    found.push(objectOf(object, path, url, input, { named: false, explicit: false }));
  }
  if (found.length === 0) throw notThere(input);
  return withoutRuns(found, given.skipped);
}

async function globbed(store: ReadableStore, key: string, { input, url, skipped }: Below): Promise<FoundObject[]> {
  const glob = parseGlob(key);
  const folder = glob.root === '.' ? '' : `${glob.root}/`;
  const last = input.slice(input.lastIndexOf('/') + 1);
  const how = { named: true, explicit: last.includes('.') && last !== '*.*' };
  const found: FoundObject[] = [];
  const visit = async (prefix: string, depth: number): Promise<void> => {
    const folders: string[] = [];
    // Without ** each level is listed by itself: what lies deeper is not asked for.
    for await (const object of store.list(prefix, { shallow: Number.isFinite(glob.depth) })) {
      if ('folder' in object) {
        if (depth < glob.depth) folders.push(object.folder);
      } else if (!object.key.endsWith('/') && glob.matches(object.key.slice(folder.length)))
        found.push(objectOf(object, object.key.slice(folder.length), url, input, how));
    }
    for (const deeper of folders) await visit(deeper, depth + 1);
  };
  // Of the first name with a wild card what stands before it narrows the listing.
  const narrowed =
    Number.isFinite(glob.depth) && key.includes('{') ? '' : /^[^*?[{]*/.exec(key.slice(folder.length))![0];
  await visit(folder + narrowed, 1);
  return withoutRuns(found, skipped);
}

const objectOf = (
  { key, size, version }: StoredObject,
  path: string,
  url: (key: string) => string,
  input: string,
  how: Pick<FoundObject, 'named' | 'explicit'>,
): FoundObject => ({
  path,
  url: url(key),
  root: shownUrl(input.slice(0, input.length - path.length)),
  size,
  version,
  ...how,
  ranges: true,
});

/** Of run directories among the objects only the documents that they kept are read. */
function withoutRuns(found: FoundObject[], skipped: Skipped): FoundObject[] {
  const folders = found
    .filter(({ path }) => /(^|\/)run\.json$/.test(path))
    .map(({ path }) => path.slice(0, -'run.json'.length))
    .filter((folder) => found.some((f) => f.path === `${folder}plan.jsonl`));
  const read = found.filter(({ path }) => {
    const run = folders.find((folder) => path.startsWith(folder));
    if (run === undefined || path.startsWith(`${run}documents/`)) return true;
    if (path === `${run}run.json`)
      skipped.push({
        path: run || '.',
        reason: found.some((f) => f.path.startsWith(`${run}documents/`))
          ? 'a run directory of Sluice: of it the documents that it kept are read'
          : 'a run directory of Sluice that is not finished: it has no documents to read yet',
      });
    return false;
  });
  return read.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

const notThere = (url: string): InputError =>
  new InputError({
    expected: 'an object, or a folder with objects',
    got: 'nothing of that name',
    where: shownUrl(url),
    fix: 'Check the name; a listing needs permission to list, too.',
  });
