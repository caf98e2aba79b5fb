// Xue et al. 2023, "To Repeat or Not To Repeat", and Komatsuzaki 2019, "One Epoch Is All You Need".
import { dropout } from '../../../src/training/transforms/dropout.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const EPOCHS = [1, 4, 16, 64];
const plain = (epochs: number): string => `${epochs} epochs, dropout 0`;

await study('repetition', async ({ seeds, tokens, text, train, smoke }) => {
  const all = tokens(150_000);
  const whole = await text('books', 2 * all);
  for (const seed of seeds)
    for (const epochs of EPOCHS)
      for (const rate of [0, 0.1]) {
        const unique = Math.max(smoke ? 512 : 2048, Math.round(all / epochs));
        await train({
          arm: `${epochs} epochs, dropout ${rate}`,
          seed,
          domains: [{ ...whole, ids: whole.ids.subarray(0, unique + 1) }],
          mix: { books: 1 },
          tokens: all,
          optimizer: rate > 0 ? { transforms: [dropout({ rate, seed })] } : {},
        });
      }
  return {
    title: 'Repeating text, with and without dropout',
    about: `${all} tokens of books, as 1 to 64 epochs of as much less text.`,
    reference: '1 epochs, dropout 0',
    measures: ['books'],
    claims: [
      claim('4 epochs cost 0.02 bits at most', 'books', [plain(4), plain(1)], 'no more than', 0.02),
      claim('16 epochs are worse than fresh text', 'books', [plain(16), plain(1)], 'higher'),
      claim('64 epochs are worse than 16', 'books', [plain(64), plain(16)], 'higher'),
      claim('dropout helps where text repeats 64 times', 'books', ['64 epochs, dropout 0.1', plain(64)], 'lower'),
      claim('dropout only costs in one epoch', 'books', ['1 epochs, dropout 0.1', plain(1)], 'higher'),
    ],
  };
});
