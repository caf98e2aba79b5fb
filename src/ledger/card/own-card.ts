import { join } from 'node:path';
import { headOf, refuseOthersFile } from '../../files/others-file.ts';

/** Files of a card in a run directory, and what each begins with. */
const MARKS: Readonly<Record<string, (head: string) => boolean>> = {
  'card.json': (head) => /^\{\s*"format": 1,/.test(head) && head.includes('"sections"'),
  'card.md': (head) => head.startsWith('# Data card: ') && head.includes('Made by Sluice from the run'),
  'card.html': (head) => head.includes('<title>Data card: ') && head.includes('Made by Sluice from the run'),
};

export const CARD_FILES: readonly string[] = Object.keys(MARKS);

/** False for a file with the name of a card that somebody else has written. */
export async function isOwnCard(folder: string, name: string): Promise<boolean> {
  const head = await headOf(join(folder, name));
  return head === null || MARKS[name](head);
}

/** Errors: ConfigError where a file with the name of a card is somebody else's. */
export async function refuseOtherCards(folder: string): Promise<void> {
  for (const name of CARD_FILES)
    await refuseOthersFile(join(folder, name), MARKS[name], {
      what: 'the card of a run',
      option: 'sluice card --output, or move it',
    });
}

/** True where a file with the name of a card is somebody else's. */
export async function hasOthersCard(folder: string): Promise<boolean> {
  for (const name of CARD_FILES) if (!(await isOwnCard(folder, name))) return true;
  return false;
}
