// Preload for the process and every thread of it: wraps each call that changes the disk below a folder, so that a test
// can list these calls (failpoints), trace them, let one fail, or kill the process in the middle of one. The product
// knows nothing of it. A failpoint is named by what it does, such as `rename documents/split-000001-2.parquet`, not by
// a number: threads may interleave. SLUICE_FAULTS = { root, mode, file?, site?, n?, code? }:
//   record  names go to `file`, one a line, before each call          trace   `S` and `E` lines (start, end) with
//   thread, call and path
//   nth     SIGKILL at the n-th call of the main thread or of a worker; `site` is 'main' or 'worker'
//   chain   SIGKILL at the first name that is not in `file` yet       kill    SIGKILL at `site`        error  `site`
//   fails with `code`
// Of a chain, `share` [i, n] takes the i-th of n parts of all names, and `only` those that a pattern matches.
// A write is killed when half of its bytes are written; every other call just before it happens.
import { appendFileSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { relative, sep } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const fs = createRequire(import.meta.url)('node:fs/promises');
let config = process.env.SLUICE_FAULTS ? JSON.parse(process.env.SLUICE_FAULTS) : null;
/**
 * What the main thread renamed or made last: tells apart calls that come again and again, such as the flush of a
 * folder.
 */
let context = 'start';
let writes = new Map();
let fired = false;
let seen = null;
let log = null;

/** Takes what SLUICE_FAULTS says now; threads started from now on do too. */
export function configure(next) {
  config = next;
  if (next) process.env.SLUICE_FAULTS = JSON.stringify(next);
  else delete process.env.SLUICE_FAULTS;
  context = 'start';
  writes = new Map();
  fired = false;
  seen = log = null;
}

const nameOf = (path) =>
  relative(config.root, path)
    .split(sep)
    .join('/')
    .replaceAll(String(process.pid), 'P')
    .replace(/^lock\.[0-9a-f]{12}\.tmp$/, 'lock.P.tmp')
    // Whatever a process draws.
    .replace(/\.[0-9a-f]{12}\.tmp$/, '.tmp')
    .replace(/-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/, '.tmp');
const mine = (path) =>
  config !== null && typeof path === 'string' && (path === config.root || path.startsWith(config.root + sep));
const AGAIN = /^(|commits\.jsonl|run\.json(\.tmp)?|lock.*)$/;

function siteOf(op, path, data) {
  const name = nameOf(path);
  if (op === 'create') writes.delete(path);
  if (op === 'write') {
    const line = name === 'commits.jsonl' ? /"phase":"([^"]*)","split":(\d+)/.exec(String(data)) : null;
    if (line) return `append ${line[1]}:${line[2]}`;
    const n = (writes.get(path) ?? 0) + 1;
    writes.set(path, n);
    return `write ${name} ${n}${AGAIN.test(name) ? ` after ${context}` : ''}`;
  }
  const again = op === 'fsync-folder' || AGAIN.test(name);
  return `${op} ${name || '.'}${again && isMainThread ? ` after ${context}` : ''}`;
}

const die = () => {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way: nothing more may happen here.
  for (;;);
};

function failure(op, path) {
  const error = new Error(`${config.code}: injected, ${op} '${path}'`);
  return Object.assign(error, { code: config.code, syscall: op, path, errno: -28 });
}

/** Does one call under the mode at hand. `half` does a part of a write. */
async function at(op, path, call, half = null, data = null) {
  if (!mine(path)) return call();
  if (config.mode === 'trace') {
    log ??= openSync(config.file, 'a');
    const line = (what) => writeSync(log, `${what} ${threadId} ${op} ${nameOf(path)}\n`);
    line('S');
    const result = await call();
    line('E');
    return result;
  }
  const site = siteOf(op, path, data);
  if (config.mode === 'record') appendFileSync(config.file, `${site}\n`);
  const hit = isHit(site);
  if (hit && config.mode !== 'error') {
    if (half) await half();
    if (config.file) appendFileSync(config.file, `${site}\n`);
    die();
  }
  if (hit && !fired) {
    fired = true;
    if (half) await half();
    throw failure(op, path);
  }
  const result = await call();
  if ((op === 'rename' || op === 'mkdir') && isMainThread) context = nameOf(path) || '.';
  return result;
}

let calls = 0;

function isHit(site) {
  switch (config.mode) {
    case 'chain':
      return !killedBefore(site);
    case 'nth':
      return (config.site === 'main') === isMainThread && ++calls === config.n;
    default:
      return (config.mode === 'kill' || config.mode === 'error') && site === config.site;
  }
}

/** Also when it is not a failpoint of this chain. */
function killedBefore(site) {
  seen ??= new Set(existsSync(config.file) ? readFileSync(config.file, 'utf8').split('\n') : []);
  if (seen.has(site)) return true;
  if (config.only && !new RegExp(config.only).test(site)) return true;
  const [i, n] = config.share ?? [0, 1];
  let hash = 0;
  for (const c of Buffer.from(site)) hash = (hash * 31 + c) >>> 0;
  return hash % n !== i;
}

const real = { ...fs };
const paths = new WeakMap();
const folders = new WeakSet();

fs.open = async (path, flags = 'r', ...rest) => {
  const handle = await (flags === 'r'
    ? real.open(path, flags, ...rest)
    : at('create', path, () => real.open(path, flags, ...rest)));
  if (mine(path)) {
    paths.set(handle, path);
    if (flags === 'r' && (await handle.stat()).isDirectory()) folders.add(handle);
  }
  return handle;
};
fs.rename = (from, to) => at('rename', to, () => real.rename(from, to));
fs.link = (from, to) => at('link', to, () => real.link(from, to));
fs.unlink = (path) => at('unlink', path, () => real.unlink(path));
fs.rm = (path, options) => at('rm', path, () => real.rm(path, options));
fs.mkdir = (path, options) => at('mkdir', path, () => real.mkdir(path, options));
fs.writeFile = (path, data, options) =>
  typeof path === 'string'
    ? at(
        'write',
        path,
        () => real.writeFile(path, data, options),
        () => real.writeFile(path, data.slice(0, data.length >> 1), options),
        data,
      )
    : real.writeFile(path, data, options);

// The prototype of file handles has no name of its own.
const probe = await real.open(new URL(import.meta.url), 'r');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
const { write, writev, writeFile, sync, truncate } = prototype;
const whole = (data) => (typeof data === 'string' ? Buffer.from(data) : data);
prototype.write = function (data, ...rest) {
  const [offset = 0, length = data.length - offset, position = null] = rest;
  return at(
    'write',
    paths.get(this),
    () => write.call(this, data, ...rest),
    () => write.call(this, data, offset, length >> 1, position),
    data,
  );
};
prototype.writev = function (parts) {
  const bytes = Buffer.concat(parts);
  return at(
    'write',
    paths.get(this),
    () => writev.call(this, parts),
    () => write.call(this, bytes, 0, bytes.length >> 1),
    bytes,
  );
};
prototype.writeFile = function (data, ...rest) {
  const bytes = whole(data);
  return at(
    'write',
    paths.get(this),
    () => writeFile.call(this, data, ...rest),
    () => writeFile.call(this, bytes.subarray(0, bytes.length >> 1)),
    bytes,
  );
};
prototype.sync = function () {
  const path = paths.get(this);
  return at(folders.has(this) ? 'fsync-folder' : 'fsync', path, () => sync.call(this));
};
prototype.truncate = function (length) {
  return at('truncate', paths.get(this), () => truncate.call(this, length));
};
syncBuiltinESMExports();
