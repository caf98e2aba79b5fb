import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await temporaryFolder();
});
const plan = (...args: string[]) => runCli(['mix', 'plan', ...args], { cwd });
const three = ['--domains', 'web=1.2e9,code=3e8,math=2e7'];

describe('sluice mix plan', () => {
  it('prints tokens, epochs and the first repeat of each domain, and what the papers say', async () => {
    const { code, stdout, stderr } = await plan(...three, '--tokens', '5e9', '--scheduler', 'cooldown');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^cooldown: 4,768 steps of 512 x 2,048 tokens, 5\.0 G tokens in all\n/);
    expect(stdout).toMatch(
      /^ {2}domain +tokens +drawn +share +epochs +first repeat\n {2}web +1\.2 G +3\.1 G +62\.2 %/m,
    );
    expect(stdout).toMatch(/^ {2}math +20\.0 M +534 M +10\.7 % +26\.71 +step 95$/m);
    expect(stdout).toMatch(/^Phases\n {2}steps 0 to 2,383: web 1\.1 G \(45\.5 %, 0\.95 ep\.\)/m);
    expect(stdout).toMatch(/^warning {2}code \(4\.5\) and math \(26\.7\): more than about 4 epochs/m);
    expect(Math.max(...stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
  });

  it('says it as JSON', async () => {
    const options = ['--context', '100', '--batch', '10', '--steps', '100', '--json'];
    const { stdout } = await plan('--domains', 'web=800,code=200_000', ...options);
    const said = JSON.parse(stdout) as { domains: { name: string }[]; advice: { code: string }[]; steps: number };
    expect(said.steps).toBe(100);
    expect(said.domains).toMatchObject([
      { name: 'web', unique: 800, drawn: 400, epochs: 0.5, firstRepeat: null },
      { name: 'code', unique: 200_000, drawn: 99_600 },
    ]);
    expect(said.advice).toEqual([]);
  });

  it('reads domains from a file, and a scheduler from a module that imports sluice/mixture', async () => {
    await writeFile(join(cwd, 'tokens.json'), '{"a": 4e6, "b": 1e6}');
    await writeFile(
      join(cwd, 'mix.ts'),
      "import { fixed } from 'sluice/mixture';\nexport default fixed({ weights: { a: 1, b: 3 } });\n",
    );
    const { code, stdout, stderr } = await plan('--domains', 'tokens.json', '--steps', '1', '--scheduler', './mix.ts');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}b +1\.0 M +786 k +75\.0 % +0\.79 +–$/m);
  });

  it('orders curricula by the difficulty that is given', async () => {
    const hard = ['--difficulty', 'web=2,code=3,math=1', '--scheduler', 'curriculum', '--steps', '100', '--json'];
    const { stdout } = await plan(...three, ...hard);
    const { phases } = JSON.parse(stdout) as { phases: { from: number; weights: number[] }[] };
    expect(phases.map((p) => p.weights.map((w) => w > 0))).toEqual([
      [true, false, true],
      [true, true, true],
    ]);
  });

  it.each<[string[], string, string]>([
    [[], '--domains web=1.2e9,code=3e8', 'no --domains'],
    [['--domains', 'web'], '--domains web=1.2e9,code=3e8, or a JSON file of tokens by name', "'web', which is no file"],
    [['--domains', 'web=x'], 'tokens for web, 0 or more', "'x'"],
    [['--domains', 'web=1,web=2'], 'each name once', 'web twice'],
    [three, 'either --steps or --tokens', 'neither'],
    [[...three, '--steps', '1', '--tokens', '1e9'], 'either --steps or --tokens', 'both'],
    [[...three, '--tokens', '5'], 'the tokens of one step at least (1048576)', "'5'"],
    [[...three, '--steps', '1', '--scheduler', 'temprature'], 'a scheduler: proportional, fixed', 'temprature'],
    [[...three, '--steps', '1', '--scheduler', './none.ts'], 'a module that exports a scheduler', "'./none.ts'"],
    [[...three, '--steps', '1', '--options', '{'], 'JSON, such as \'{"temperature":3}\'', "'{'"],
    [[...three, '--steps', '1', '--options', '{"t":1}'], 'no options', 'the option t'],
    [['--domains', 'web=5', '--steps', '1'], 'a weight above 0 for one domain at least', '0 for web'],
    [[...three, '--steps', '1', '--difficulty', 'x=1'], 'a domain of --domains', 'x'],
    [[...three, '--steps', '1', '--epochs', '0'], 'at least 1', '0'],
  ])('refuses %j', async (args, expected, got) => {
    const { code, stdout, stderr } = await plan(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const said = stderr.replace(/\s+/g, ' ');
    if (!said.includes('expected')) expect(said).toContain('every domain has the weight 0');
    else {
      expect(said).toContain(expected);
      expect(said).toContain(got);
    }
  });

  it('is the only thing that sluice mix does', async () => {
    const { code, stderr } = await runCli(['mix', 'paln', ...three], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('sluice mix plan');
  });
});
