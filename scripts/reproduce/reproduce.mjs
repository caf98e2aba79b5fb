// npm run reproduce -- <claim> [--smoke] [--input FOLDER] [--seeds N] [--output DIR]
import { existsSync, readdirSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const fileOf = (name) => new URL(`${name}/${name}.ts`, here);
const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !existsSync(fileOf(name))) {
  const all = readdirSync(here).filter((n) => existsSync(fileOf(n)));
  console.error(`expected one of ${all.join(', ')}, got ${name ?? 'nothing'}`);
  process.exit(2);
}
process.argv.splice(2, process.argv.length, ...rest);
await import(fileOf(name).href);
