// Preload for a command of the tests: sends itself the signal SIGNAL at a moment of `train-ngram` that no test can wait
// for from outside. SIGNAL_AT: count  when the first counts go to the disk (this thread is busy, and listens between
// batches)
//            read   when counts that did not fit the memory are read back (this thread is busy)
//            write  when the file of the model has just been made; it goes on when the signal was heard
import { once } from 'node:events';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const { SIGNAL, SIGNAL_AT } = process.env;
const require = createRequire(import.meta.url);
const fs = require('node:fs');
const promises = require('node:fs/promises');
const { openSync, readSync } = fs;
const { open } = promises;
const scratch = new Set();

fs.openSync = (path, ...rest) => {
  const handle = openSync(path, ...rest);
  if (String(path).includes('sluice-ngram-')) {
    if (SIGNAL_AT === 'count' && scratch.size === 0) process.kill(process.pid, SIGNAL);
    scratch.add(handle);
  }
  return handle;
};
fs.readSync = (handle, ...rest) => {
  if (SIGNAL_AT === 'read' && scratch.has(handle)) process.kill(process.pid, SIGNAL);
  return readSync(handle, ...rest);
};
promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (SIGNAL_AT === 'write' && /\.(ngram|arpa)\.[0-9a-f]{12}\.tmp$/.test(path)) {
    await handle.writeFile('the beginning');
    const heard = SIGNAL === 'SIGKILL' ? new Promise(() => {}) : once(process, SIGNAL);
    process.kill(process.pid, SIGNAL);
    // To wait for a signal keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    await heard;
    clearInterval(alive);
  }
  return handle;
};
syncBuiltinESMExports();
