import { gzipMembers, type MadeRecord, warcRecord } from '../../../helpers/warc.ts';
import { fixture, readAll } from '../read-all.ts';

/** A page with one paragraph. */
export const html = (text: string): string => `<!DOCTYPE html><html><body><p>${text}</p></body></html>`;

/** What comes of a WARC file with one record of this content. */
export const one = async (content: Uint8Array, more: Partial<MadeRecord> = {}) => {
  const { documents, quarantined } = await readAll(
    fixture('a.warc.gz', gzipMembers([warcRecord({ content, ...more })])),
  );
  return { text: documents[0]?.text, metadata: JSON.parse(documents[0]?.metadata ?? '{}'), quarantined };
};
