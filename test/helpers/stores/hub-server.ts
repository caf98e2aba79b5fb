import { type Reply, type Request, ranged, type TestServer, testServer } from './faults.ts';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const TOKEN = 'hf_a_token_that_must_be_seen_nowhere';

export interface HubServer {
  readonly hub: TestServer;
  /** The other host that large files are read from. */
  readonly cdn: TestServer;
  readonly env: Readonly<Record<string, string>>;
}

/** The hub as far as data sets go: commits, listings in pages of two, files by a redirect to another host. */
export async function hubServer(files: Readonly<Record<string, Buffer>>): Promise<HubServer> {
  const cdn = await testServer(({ path, query, headers }) => {
    // A signature in the address, as of a presigned one; a token would be one too many.
    if (headers.authorization !== undefined || query.get('signature') !== 'secret-signature') return { status: 400 };
    const body = files[path.slice(1)];
    return body === undefined ? { status: 404 } : ranged(body, headers, { etag: '"of-the-cdn"' });
  });
  const hub: TestServer = await testServer((request): Reply => {
    const { path, headers } = request;
    if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401 };
    if (path === '/api/datasets/owner/name/revision/main')
      return { status: 200, body: JSON.stringify({ sha: COMMIT }) };
    const tree = `/api/datasets/owner/name/tree/${COMMIT}`;
    if (path === tree || path.startsWith(`${tree}/`)) return page(files, path.slice(tree.length + 1), request, hub.url);
    const resolve = `/datasets/owner/name/resolve/${COMMIT}/`;
    const name = path.slice(resolve.length);
    if (!path.startsWith(resolve) || files[name] === undefined) return { status: 404 };
    const linked = { 'x-linked-size': String(files[name].length), 'x-linked-etag': `"oid-${name}"` };
    return {
      status: 302,
      headers: { ...linked, location: `${cdn.url}/${encodeURIComponent(name)}?signature=secret-signature` },
    };
  });
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN };
  return { hub, cdn, env };
}

function page(files: Readonly<Record<string, Buffer>>, folder: string, { query }: Request, url: string): Reply {
  const prefix = folder === '' ? '' : `${folder}/`;
  const entries = new Map<string, object>();
  for (const [path, body] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(prefix)) continue;
    const cut = query.get('recursive') === 'true' ? -1 : path.indexOf('/', prefix.length);
    const own = { type: 'file', path, size: 130, oid: 'pointer', lfs: { oid: `oid-${path}`, size: body.length } };
    if (cut >= 0) entries.set(path.slice(0, cut), { type: 'directory', path: path.slice(0, cut), size: 0, oid: 'd' });
    else entries.set(path, own);
  }
  const from = Number(query.get('cursor') ?? 0);
  const rows = [...entries.values()].slice(from, from + 2);
  const tree = `${url}/api/datasets/owner/name/tree/${COMMIT}${folder === '' ? '' : `/${folder}`}`;
  const next = `${tree}?recursive=${query.get('recursive')}&cursor=${from + 2}`;
  const headers: Record<string, string> = from + 2 < entries.size ? { link: `<${next}>; rel="next"` } : {};
  return { status: 200, headers, body: JSON.stringify(rows) };
}
