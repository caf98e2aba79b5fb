import { beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openPage, soon } from '../helpers/browser.ts';
import { documents, doneRun, pageOf, sentences } from '../helpers/live-run.ts';

const RLO = '\u202e';
const ESCAPE = '\u001b[31;1mred\u001b[0m';
const SCRIPT = '<script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'">';
const hostile = [
  {
    id: `x"><img src=x onerror=alert(1)>`,
    domain: `web"><script>alert(2)</script>`,
    text: `${SCRIPT}\n${sentences(6, 900)}`,
  },
  { id: `bidi ${RLO}gnp.exe`, domain: `do${RLO}main`, text: `${RLO}backwards.\n${sentences(6, 901)}` },
  { id: 'ansi', domain: 'web', text: `${ESCAPE} is a colour.\n${sentences(6, 902)}` },
  { id: 'megabyte', domain: 'web', text: `${'word '.repeat(200_000)}end.\n${sentences(6, 903)}` },
  { id: '__proto__', domain: '__proto__', text: sentences(6, 904) },
];

describe.skipIf(chromiumPath === null)('hostile documents on the page', () => {
  let url = '';
  beforeAll(async () => {
    url = (await pageOf(await doneRun(documents(hostile), `{"text": "${SCRIPT.replaceAll('"', '')}\n`))).url;
  });

  it.each(hostile.map((d, i) => [i, d] as const))('is inert: %i', async (_, { id, text }) => {
    const { page, errors } = await openPage();
    await page.goto(url);
    await page.locator('#find').fill(id);
    await soon(() => page.locator('.documents li').count()).toBe(1);
    await page.locator('.documents li').first().locator('button').click();
    await page.locator('dialog pre').first().waitFor();
    const shown = (await page.locator('dialog pre').first().textContent()) ?? '';
    const escaped = text.replaceAll(RLO, '\\u{202e}').replaceAll('\u001b', '\\e').slice(0, 100);
    expect(shown.startsWith(escaped)).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(131_200);
    expect(await page.title()).toBe('mill · Sluice');
    expect(await page.locator('img, iframe, object, main script, dialog script').count()).toBe(0);
    expect(await page.evaluate('document.body.textContent.includes("\\u202e")')).toBe(false);
    expect(errors).toEqual([]);
  });

  it('stays quick with a text of a megabyte in the list', async () => {
    const { page } = await openPage();
    await page.goto(url);
    await page.locator('#find').fill('megabyte');
    const row = page.locator('.documents li').first();
    await soon(() => row.locator('button').textContent()).toBe('megabyte');
    expect(((await row.textContent()) ?? '').length).toBeLessThan(500);
  });
});
