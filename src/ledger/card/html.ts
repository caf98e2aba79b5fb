import { safeExcerpt } from '../../safe-text.ts';
import { cellText, type Plain } from '../sql-values.ts';
import { type Card, type CardField, type CardTable, UNANSWERED } from './card.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stays text: no markup, no controls, no change of direction. */
const inert = (s: string): string => safeExcerpt(s).replace(/[&<>"']/g, (c) => ENTITIES[c]);

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;
padding:0 1rem}h2{margin-top:2.5rem;border-bottom:1px solid #8886}table{border-collapse:collapse;margin:.5rem 0;
display:block;overflow-x:auto}th,td{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #8883;
overflow-wrap:anywhere}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.q{color:#b3261e}@media(prefers-color-scheme:dark){.q{color:#ff8a80}}pre{white-space:pre-wrap;
overflow-wrap:anywhere;font-size:12px}summary{cursor:pointer;font-size:12px;opacity:.75}nav a{margin-right:.8rem}
rect.w{fill:#8884}rect.p{fill:#2a7de1}`;

/** A card as one HTML page: no script, nothing from elsewhere, documents as text only. */
export function cardHtml(card: Card): string {
  const nav = card.sections.map((s, i) => `<a href="#s${i + 1}">${inert(s.title)}</a>`).join('\n');
  const sections = card.sections.map(
    (s, i) =>
      `<section id="s${i + 1}"><h2>${i + 1}. ${inert(s.title)}</h2>\n${s.fields.map(fieldHtml).join('\n')}\n</section>`,
  );
  const { recipe, input, plan, commits } = card.run;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data card: ${inert(card.name)}</title><style>${STYLE}</style></head><body>
<h1>Data card: ${inert(card.name)}</h1>
<p>Made by Sluice from the run with recipe <code>${recipe}</code>, input <code>${input}</code>, split plan
<code>${plan}</code>, commits <code>${commits}</code> (sha256), finished ${inert(card.made)}.
${card.redacted ? 'Excerpts, ids and paths are left out.' : ''}
Every table is the answer to the query under it. What is <span class="q">${UNANSWERED}</span> only people know.</p>
<nav>${nav}</nav>
${sections.join('\n')}
</body></html>
`;
}

function fieldHtml(f: CardField): string {
  if (f.text !== undefined) return `<p><b>${inert(f.name)}</b>: ${inert(f.text)}</p>`;
  if (f.table === undefined) return `<p><b>${inert(f.name)}</b>: <span class="q">${UNANSWERED}</span></p>`;
  const sql = f.sql === undefined ? '' : `<details><summary>query</summary><pre>${inert(f.sql)}</pre></details>`;
  return `<h3>${inert(f.name)}</h3>${f.bars ? barsSvg(f.table, f.bars) : ''}${tableHtml(f.table)}${sql}`;
}

function tableHtml({ columns, rows }: CardTable): string {
  if (rows.length === 0) return '<p>none</p>';
  const td = (v: Plain): string =>
    typeof v === 'number' ? `<td class="n">${v}</td>` : `<td>${v === null ? '–' : inert(cellText(v))}</td>`;
  const head = columns.map((c) => `<th>${inert(c)}</th>`).join('');
  return `<table><tr>${head}</tr>${rows.map((r) => `<tr>${r.map(td).join('')}</tr>`).join('\n')}</table>`;
}

const WIDTH = 640;
const LABEL = 200;
const ROW = 20;

/** A bar a row: the whole in grey, the part in blue. */
function barsSvg(
  { columns, rows }: CardTable,
  { part, whole }: { readonly part: string; readonly whole: string },
): string {
  const [p, w] = [columns.indexOf(part), columns.indexOf(whole)];
  const most = Math.max(...rows.map((r) => Number(r[w])), 1);
  const length = (v: Plain): string => ((Number(v) / most) * (WIDTH - LABEL)).toFixed(1);
  const bars = rows.map((r, i) => {
    const y = i * ROW;
    return (
      `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end" font-size="12" fill="currentColor">` +
      `${inert(cellText(r[0])).slice(0, 60) || '(none)'}</text>` +
      `<rect class="w" x="${LABEL}" y="${y + 3}" width="${length(r[w])}" height="14"/>` +
      `<rect class="p" x="${LABEL}" y="${y + 3}" width="${length(r[p])}" height="14"/>`
    );
  });
  const height = rows.length * ROW;
  const title = `${part} of ${whole}`;
  return (
    `<svg role="img" aria-label="${inert(title)}" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}"><title>${inert(title)}</title>${bars.join('')}</svg>`
  );
}
