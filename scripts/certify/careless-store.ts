// A store that ignores preconditions is refused, on a real one: s3rver 3.7.1, which the script installs from npm into a
// temporary folder (14 MB).
//   npx tsx scripts/certify/careless-store.ts      (build first)
// `sluice doctor` says which promises are not kept and ends with 1; `sluice run` refuses before it writes a run.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { S3Client } from '../../src/files/stores/s3/client.ts';
import { s3Store } from '../../src/files/stores/s3/s3-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-s3rver-'));
const cli = resolve(import.meta.dirname, '../../dist/cli.js');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let failed = 0;
const expect = (what: string, fine: boolean): void => {
  if (!fine) failed++;
  say(`  ${fine ? 'ok' : 'NO'}  ${what}`);
};

writeFileSync(join(folder, 'package.json'), '{"private":true}');
const installed = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', 's3rver@3.7.1'], {
  cwd: folder,
  encoding: 'utf8',
});
if (installed.status !== 0) throw new Error(installed.stderr);
const port = await new Promise<number>((found) => {
  const probe = createServer();
  probe.listen(0, '127.0.0.1', () => {
    const { port: free } = probe.address() as { port: number };
    probe.close(() => found(free));
  });
});
mkdirSync(join(folder, 'store'));
const program = join(folder, 'node_modules/s3rver/bin/s3rver.js');
const args = ['-d', join(folder, 'store'), '-a', '127.0.0.1', '-p', String(port), '--configure-bucket', 'certify'];
const server = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('exit', () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
await new Promise<void>((ready, fail) => {
  server.stdout.once('data', () => ready());
  server.once('exit', (code) => fail(new Error(`s3rver ended with ${code}`)));
});
// Its fixed keys.
const env = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
  AWS_EC2_METADATA_DISABLED: 'true',
};
await new S3Client('certify', env).once({ method: 'PUT' }, [200, 409]);
const sluice = (...given: string[]) =>
  spawnSync(process.execPath, [cli, ...given], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env, SLUICE_CACHE: join(folder, 'cache') },
  });
const doctor = sluice('doctor', 's3://certify/runs');
say(doctor.stdout.trimEnd());
expect('doctor ends with exit code 1', doctor.status === 1);
expect(
  'and names If-None-Match and If-Match',
  /If-None-Match is ignored[\s\S]*If-Match is ignored/.test(doctor.stdout),
);
writeFileSync(join(folder, 'one.jsonl'), '{"text":"one document"}\n');
const run = sluice('run', 'quickstart', '--input', 'one.jsonl', '--output', 's3://certify/runs/one');
say(run.stderr.trimEnd());
expect('a run is refused with exit code 2', run.status === 2 && run.stderr.includes('a store that heeds'));
const left: string[] = [];
for await (const object of s3Store('certify', { env }).list(''))
  left.push('key' in object ? object.key : object.folder);
expect('and leaves nothing in the store', left.length === 0);
process.exit(failed === 0 ? 0 : 1);
