import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Cells } from '../../../src/sinks/live/cells.ts';
import { type LiveServer, type LiveServerOptions, serveLive } from '../../../src/sinks/live/server.ts';

const servers: LiveServer[] = [];
afterEach(async () => {
  for (const s of servers.splice(0)) await s.close();
});

/** A page of which a test changes the cells. */
async function page(options: LiveServerOptions = {}) {
  const cells = new Cells();
  const watchers = new Set<() => void>();
  let shown: Record<string, unknown> = {};
  const server = await serveLive(
    {
      cells,
      whole: () => [...Object.entries(shown), ['more', 'in no event']],
      watch: (changed) => {
        watchers.add(changed);
        return () => watchers.delete(changed);
      },
      api: { echo: async (query) => Object.fromEntries(query) },
      metrics: () => 'sluice_run_info 1\n',
    },
    options,
  );
  servers.push(server);
  const show = (picture: Record<string, unknown>): void => {
    shown = picture;
    cells.replace(Object.entries(picture));
    for (const w of watchers) w();
  };
  return { server, show, watchers, at: `http://127.0.0.1:${server.port}` };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** With headers that fetch does not let one set. */
function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (s: string) => {
        body += s;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

/** Reads events until so many have come. */
async function events(url: string, many: number, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  const found: { id: string; data: { cursor: number; cells: Record<string, unknown> } }[] = [];
  let text = '';
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(part).toString('utf8');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, id, data] = /^id: (\S+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (id) found.push({ id, data: JSON.parse(data) });
      text = text.slice(end + 2);
    }
    if (found.length >= many) break;
  }
  abort.abort();
  return found;
}

describe('the server of the live page', () => {
  it('serves a page that loads nothing from elsewhere, in less than 300 kB', async () => {
    const { server, at } = await page();
    const { body, headers } = await ask(server.port, '/');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    const files = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, f]) => f).filter((f) => !f.startsWith('/api'));
    expect(files.length).toBeGreaterThan(8);
    let bytes = Buffer.byteLength(body);
    for (const f of files) {
      const answer = await ask(server.port, `/${f}`);
      expect([f, answer.status, answer.headers['x-content-type-options']]).toEqual([f, 200, 'nosniff']);
      bytes += Buffer.byteLength(answer.body);
    }
    expect(bytes).toBeLessThan(300_000);
    expect(body).not.toMatch(/https?:\/\//);
    expect((await ask(server.port, '/nothing')).status).toBe(404);
    expect(at).toContain('127.0.0.1');
  });

  it('streams what changes, from the cursor that a client has', async () => {
    const { at, show } = await page();
    show({ a: 1, b: 1 });
    const [first] = await events(`${at}/events`, 1);
    expect(first.data.cells).toEqual({ a: 1, b: 1 });
    show({ a: 1, b: 2 });
    const [again] = await events(`${at}/events`, 1, { 'last-event-id': first.id });
    expect(again.data.cells).toEqual({ b: 2 });
    // A cursor of another process says nothing of this one.
    const [anew] = await events(`${at}/events`, 1, { 'last-event-id': '000000000000.1' });
    expect(anew.data.cells).toEqual({ a: 1, b: 2 });
  });

  it('tells ten clients of a change, and forgets those that have gone', async () => {
    const { at, show, watchers } = await page();
    show({ a: 0 });
    const all = Promise.all(Array.from({ length: 10 }, () => events(`${at}/events`, 2)));
    await expect.poll(() => watchers.size).toBe(10);
    show({ a: 1 });
    for (const [, second] of await all) expect(second.data.cells).toEqual({ a: 1 });
    await expect.poll(() => watchers.size).toBe(0);
  });

  it('sends ten clients as little after fifteen hundred changes as after the first ones', async () => {
    const { at, show } = await page();
    const still = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`still/${i}`, 'x'.repeat(100)]));
    show({ ...still, n: 1000 });
    const clients = await Promise.all(Array.from({ length: 10 }, () => events(`${at}/events`, 1)));
    let ids = clients.map(([e]) => e.id);
    for (let round = 1; round <= 3; round++) {
      for (let i = 1; i <= 500; i++) show({ ...still, n: 500 * (round + 1) + i });
      const next = await Promise.all(ids.map((id) => events(`${at}/events`, 1, { 'last-event-id': id })));
      for (const [e] of next) expect(e.data.cells).toEqual({ n: 500 * (round + 2) });
      ids = next.map(([e]) => e.id);
    }
  });

  it('answers the api and the metrics', async () => {
    const { server, show } = await page();
    show({ a: 1 });
    expect(JSON.parse((await ask(server.port, '/api/state')).body)).toMatchObject({ a: 1, more: 'in no event' });
    expect(JSON.parse((await ask(server.port, '/api/echo?x=1')).body)).toEqual({ x: '1' });
    expect(JSON.parse((await ask(server.port, '/api')).body)).toEqual({ answers: ['/api/state', '/api/echo'] });
    expect((await ask(server.port, '/metrics')).body).toBe('sluice_run_info 1\n');
    expect((await ask(server.port, '/api/__proto__')).status).toBe(404);
  });

  it('refuses pages of other sites, names that point here, and everything but reading', async () => {
    const { server } = await page();
    const status = async (headers: Record<string, string>, method = 'GET') =>
      (await ask(server.port, '/api/state', headers, method)).status;
    expect(await status({ origin: 'http://evil.example' })).toBe(403);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ host: `127.0.0.1:${server.port}`, origin: `http://127.0.0.1:${server.port}` })).toBe(200);
    expect(await status({}, 'POST')).toBe(405);
  });

  it('asks for the token beyond loopback, and turns it into a cookie', async () => {
    await expect(serveLive({} as never, { host: '0.0.0.0' })).rejects.toThrow('token');
    const { server } = await page({ host: '0.0.0.0', token: 'secret' });
    const host = { host: `127.0.0.1:${server.port}` };
    expect((await ask(server.port, '/', host)).status).toBe(401);
    expect((await ask(server.port, '/?token=wrong', host)).status).toBe(401);
    const given = await ask(server.port, '/?token=secret', host);
    expect([given.status, given.headers.location]).toEqual([303, '/']);
    const [cookie] = (given.headers['set-cookie'] as string[])[0].split(';');
    expect((given.headers['set-cookie'] as string[])[0]).toContain('HttpOnly; SameSite=Strict');
    expect((await ask(server.port, '/', { ...host, cookie })).status).toBe(200);
    expect((await ask(server.port, '/api/state', { ...host, authorization: 'Bearer secret' })).status).toBe(200);
  });
});
