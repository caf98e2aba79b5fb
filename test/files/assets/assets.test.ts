import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
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
