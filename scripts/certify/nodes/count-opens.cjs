// Loaded before Sluice by counts.ts. Adds a byte to SLUICE_COUNTS.reads or .writes for each file that a thread of
// this process opens below SLUICE_COUNT_UNDER, and at the end a line to SLUICE_COUNTS.ends: peak memory, CPU seconds.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const { isMainThread } = require('node:worker_threads');

const { SLUICE_COUNT_UNDER: under, SLUICE_COUNTS: into } = process.env;
const append = fs.appendFileSync.bind(fs);
const openSync = fs.openSync.bind(fs);
const [reads, writes] = ['reads', 'writes'].map((kind) => openSync(`${into}.${kind}`, 'a'));
const note = (path, flags = 'r') => {
  if (typeof path === 'string' && path.startsWith(under))
    fs.writeSync(flags === 'r' || flags === fs.constants.O_RDONLY ? reads : writes, '.');
};
const count = (object, name, flagsAt) => {
  const own = object[name];
  object[name] = function (...args) {
    note(args[0], flagsAt === null ? 'r' : typeof args[flagsAt] === 'function' ? 'r' : args[flagsAt]);
    return own.apply(this, args);
  };
};
for (const name of ['open', 'openSync']) count(fs, name, 1);
for (const name of ['readFile', 'readFileSync']) count(fs, name, null);
count(fs.promises, 'open', 1);
count(fs.promises, 'readFile', null);
syncBuiltinESMExports();
if (isMainThread)
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    append(`${into}.ends`, `${process.resourceUsage().maxRSS * 1024} ${(user + system) / 1e6}\n`);
  });
