// Draws a captured terminal (ANSI colours) as docs/summary.svg:
//   tmux capture-pane -p -e | node scripts/make/picture.mjs
// Lines with excerpts of documents (`e.g. ...`) are left out: the picture shows no text that is not ours.
import { readFileSync, writeFileSync } from 'node:fs';

const COLOURS = { 31: '#f47067', 32: '#57ab5a', 33: '#c69026', 36: '#39c5cf' };
const PAINT = new RegExp(`(${String.fromCharCode(27)}\\[[\\d;]*m)`);
const WIDTH = 8.4;
const HEIGHT = 19;

const markup = (s) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Runs of equally painted text of a line; the paint goes on over line ends. */
function runs(line, state) {
  const out = [];
  for (const part of line.split(PAINT)) {
    const codes = PAINT.test(part) ? [part, part.slice(2, -1)] : null;
    if (!codes) {
      if (part) out.push({ text: part, ...state });
      continue;
    }
    for (const code of (codes[1] || '0').split(';').map(Number)) {
      if (code === 0) Object.assign(state, { bold: false, dim: false, colour: null });
      else if (code === 1) state.bold = true;
      else if (code === 2) state.dim = true;
      else if (code === 22) Object.assign(state, { bold: false, dim: false });
      else if (code === 39) state.colour = null;
      else if (COLOURS[code]) state.colour = COLOURS[code];
    }
  }
  return out;
}

const state = { bold: false, dim: false, colour: null };
const lines = readFileSync(0, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => runs(line, state))
  .filter((line) => !/^\s*e\.g\. /.test(line.map((r) => r.text).join('')));
const columns = Math.max(...lines.map((line) => line.reduce((n, r) => n + r.text.length, 0)));
const width = Math.ceil(columns * WIDTH) + 40;
const height = lines.length * HEIGHT + 40;
const body = lines.map((line, i) => {
  const spans = line.map(
    (r) =>
      '<tspan ' +
      `fill="${r.colour ?? (r.dim ? '#768390' : '#adbac7')}"${r.bold ? ' font-weight="bold"' : ''}>` +
      `${markup(r.text)}</tspan>`,
  );
  return `<text x="20" y="${32 + i * HEIGHT}" xml:space="preserve">${spans.join('')}</text>`;
});
writeFileSync(
  new URL('../../docs/summary.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ` +
    `${height}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" ` +
    'font-size="14">\n<rect width="100%" height="100%" rx="8" ' +
    `fill="#22272e"/>\n${body.join('\n')}\n</svg>\n`,
);
