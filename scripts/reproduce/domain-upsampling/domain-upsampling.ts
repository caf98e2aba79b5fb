// Blakeney et al. 2024, "Does your data spark joy?": another mix for the end of a training, and what each domain of it
// is worth.
import { domainUpsampling } from '../../../src/mixture/schedulers/domain-upsampling.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const BASE = { web_noise: 0.7, books: 0.15, code: 0.15 };
const WINDOW = { web_noise: 0.2, books: 0.4, code: 0.4 };

await study('domain-upsampling', async ({ seeds, tokens, text, train }) => {
  const domains = [await text('web_noise', 800_000), await text('books', 60_000), await text('code', 60_000)];
  for (const seed of seeds) {
    const given = { seed, domains, tokens: tokens(300_000) };
    await train({ ...given, arm: '0 %', mix: BASE });
    for (const fraction of [0.05, 0.1, 0.2, 0.3])
      await train({
        ...given,
        arm: `${100 * fraction} %`,
        mix: domainUpsampling({ base: BASE, window: WINDOW, fraction }),
      });
    for (const name of ['books', 'code'])
      await train({
        ...given,
        arm: `10 % without ${name}`,
        mix: domainUpsampling({ base: BASE, window: WINDOW, fraction: 0.1, without: [name] }),
      });
    await train({ ...given, arm: 'window mix throughout', mix: WINDOW });
  }
  return {
    title: 'Domain upsampling at the end, and leave-one-domain-out',
    about: 'Web noise, books and code as 70, 15 and 15 %; in the last part 20, 40 and 40 %.',
    reference: '0 %',
    measures: ['books', 'code', 'web_noise'],
    claims: [
      claim('10 % of upsampling helps books', 'books', ['10 %', '0 %'], 'lower'),
      claim('10 % of upsampling helps code', 'code', ['10 %', '0 %'], 'lower'),
      claim('30 % helps code more than 10 %', 'code', ['30 %', '10 %'], 'lower'),
      claim('it costs the large domain', 'web_noise', ['30 %', '0 %'], 'higher'),
      claim('without code in the window, code is worse', 'code', ['10 % without code', '10 %'], 'higher'),
    ],
  };
});
