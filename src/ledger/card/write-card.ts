import { join } from 'node:path';
import { isUrl } from '../../files/stores/url.ts';
import { writeWhole } from '../../files/whole.ts';
import { openRunDatabase } from '../database.ts';
import { openRunFolder } from '../run-folder.ts';
import { putSideFiles } from '../stored/restore.ts';
import { cardHtml } from './html.ts';
import { makeCard } from './make-card.ts';
import { cardMarkdown } from './markdown.ts';
import { CARD_FILES, refuseOtherCards } from './own-card.ts';

export { hasOthersCard } from './own-card.ts';

/**
 * Writes the card of a run into its directory, in a folder or a store, or elsewhere. Returns the paths.
 * Errors: ConfigError where a file of that name is somebody else's.
 * @param redact without excerpts, ids and paths
 */
export async function writeCard(run: string, redact: boolean, into?: string): Promise<string[]> {
  const folder = await openRunFolder(run);
  const db = await openRunDatabase(folder);
  try {
    await refuseOtherCards(into ?? folder.path);
    const card = await makeCard(folder, db, redact);
    const texts = [`${JSON.stringify(card, null, 2)}\n`, cardMarkdown(card), cardHtml(card)];
    const paths = CARD_FILES.map((name) => join(into ?? folder.path, name));
    for (const [i, path] of paths.entries()) await writeWhole(path, texts[i]);
    if (into !== undefined || !isUrl(run)) return paths;
    await putSideFiles(run, folder.path, CARD_FILES);
    return CARD_FILES.map((name) => `${run.replace(/\/+$/, '')}/${name}`);
  } finally {
    db.close();
  }
}
