// Makes docs/reference.md: every annotator, set of rules and step with its columns, options and defaults, from what
// they say of themselves: npx tsx scripts/make/reference.ts. test/docs/reference.test.ts fails when the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePage } from './reference-page.ts';

const root = new URL('../../', import.meta.url);
const source = (path: string): string => readFileSync(new URL(path, root), 'utf8');
writeFileSync(fileURLToPath(new URL('docs/reference.md', root)), referencePage(source));
