import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../src/errors.ts';
import { addAsset, assetFile, fetchAsset, listAssets, pathOf } from '../../../src/files/assets/assets.ts';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const LIST = 'wheel\nmill race\n';
const sha256 = createHash('sha256').update(LIST).digest('hex');
const licence = 'CC0-1.0';

describe('assets', () => {
  it('are added from files and addresses, pinned by their hash', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'list.txt');
    writeFileSync(file, LIST);
    const assets = join(folder, 'assets');
    const added = await addAsset({ name: 'mine', source: pathToFileURL(file).href, sha256: null, licence }, assets);
    expect([added.sha256, assetFile('mine', assets)]).toEqual([sha256, join(assets, sha256)]);
    expect([pathOf('asset:mine', assets), pathOf('x/asset:mine', assets)]).toEqual([
      join(assets, sha256),
      'x/asset:mine',
    ]);
    await expect(addAsset({ name: 'mine', source: file, sha256: 'ab'.repeat(32), licence }, assets)).rejects.toThrow(
      /abab.*got/s,
    );
    expect(assetFile('mine', assets)).toBe(join(assets, sha256));
    expect(listAssets(assets).find((a) => a.name === 'bad-words-en')).toMatchObject({
      file: null,
      licence: 'CC-BY-4.0',
    });
    expect(() => assetFile('bad-words-en', assets)).toThrow(/sluice assets fetch bad-words-en/);
    expect(() => assetFile('nothing-like-it', assets)).toThrow(/sluice assets add nothing-like-it/);
    await expect(addAsset({ name: '../x', source: file, sha256: null, licence }, assets)).rejects.toThrow(/a name of/);
  });

  it('are fetched over HTTP, and a server that fails or ends too early leaves nothing', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/list') response.end(LIST);
      else if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('wheel');
        response.destroy();
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const assets = await temporaryFolder();
      await addAsset({ name: 'web', source: `${base}/list`, sha256, licence }, assets);
      expect((await fetchAsset('web', assets)).sha256).toBe(sha256);
      for (const path of ['none', 'cut'])
        await expect(
          addAsset({ name: path, source: `${base}/${path}`, sha256: null, licence }, assets),
        ).rejects.toThrow(/a file that can be fetched/);
      expect(
        listAssets(assets)
          .filter((a) => a.file !== null)
          .map((a) => a.name),
      ).toEqual(['web']);
    } finally {
      server.close();
    }
  });

  it('keep and print no password and no token', async () => {
    const seen: unknown[] = [];
    const server = createServer(({ url, headers }, response) => {
      seen.push([url, headers.authorization]);
      response.end(LIST);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const assets = await temporaryFolder();
    const add = (source: string) => addAsset({ name: 'web', source, sha256: null, licence }, assets);
    try {
      const { source } = await add(`http://joe:s3cr3tpw@${host}/x.txt?token=tok999`);
      expect(source).toBe(`http://${host}/x.txt`);
      expect(seen).toEqual([['/x.txt?token=tok999', `Basic ${btoa('joe:s3cr3tpw')}`]]);
      expect(readFileSync(join(assets, 'assets.json'), 'utf8')).not.toMatch(/s3cr3tpw|tok999/);
    } finally {
      server.close();
    }
    for (const address of [
      'http://joe:s3cr3tpw@127.0.0.1:9/x',
      'http://joe:s3/cr3tpw@127.0.0.1/x',
      'ftp://joe:s3cr3tpw@x/',
    ])
      for (const thrown of [await add(`${address}?token=tok999`).catch((error) => error)]) {
        expect(thrown).toBeInstanceOf(SluiceError);
        expect(`${thrown.message}${JSON.stringify(thrown.parts)}`).not.toMatch(/cr3tpw|tok999/);
      }
  });

  it('are checked when they are opened, and known names keep their pin', async () => {
    const folder = await temporaryFolder();
    const assets = join(folder, 'assets');
    const file = join(folder, 'list.txt');
    writeFileSync(file, LIST);
    const add = (name: string) => addAsset({ name, source: file, sha256: null, licence }, assets);
    await add('mine');
    writeFileSync(assetFile('mine', assets), 'other\n');
    expect(() => assetFile('mine', assets)).toThrow(/other bytes.*sluice assets fetch mine/);
    expect(listAssets(assets).find((a) => a.name === 'mine')).toMatchObject({ file: null, state: 'damaged' });
    await fetchAsset('mine', assets);
    expect(readFileSync(assetFile('mine', assets), 'utf8')).toBe(LIST);
    await expect(add('bad-words-en')).rejects.toThrow(/another name: sluice assets add my-bad-words-en/);
    expect(() => assetFile('bad-words-en', assets)).toThrow(/sluice assets fetch bad-words-en/);
    expect(() => assetFile('bad-words-xx', assets)).toThrow(/There are lists for ar, cs, .*, zh\. .*lists: \['FILE'\]/);
  });

  it('sluice assets adds one and lists it', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'list.txt'), LIST);
    const env = { ...process.env, SLUICE_ASSETS: join(cwd, 'assets') };
    const add = await runCli(['assets', 'add', 'mine', 'list.txt', '--licence', licence], { cwd, env });
    expect(add).toMatchObject({ code: 0, stdout: `mine is here: sha256 ${sha256}, CC0-1.0\n` });
    const { stdout } = await runCli(['assets'], { cwd, env });
    expect(stdout).toMatch(/^ {2}mine +here +CC0-1\.0 +list\.txt$/m);
    expect(stdout).toMatch(/^ {2}bad-words-en +not here +CC-BY-4\.0 +https:/m);
  });
});
