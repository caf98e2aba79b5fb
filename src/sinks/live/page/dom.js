// Elements without HTML: whatever comes from documents becomes text, never markup.
(() => {
  const page = {};
  window.sluice = page;

  /** An element; `props` are attributes, `on*` functions, `text`, or `style` properties in an object. */
  page.h = (tag, props = {}, ...children) => {
    const node = document.createElement(tag);
    page.set(node, props);
    if (children.length > 0) page.put(node, children);
    return node;
  };

  page.set = (node, props) => {
    for (const [name, value] of Object.entries(props)) {
      if (name === 'text') {
        if (node.textContent !== value) node.textContent = value;
      } else if (name === 'style') for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
      else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (value === false || value === null || value === undefined) node.removeAttribute(name);
      else {
        const text = value === true ? '' : String(value);
        if (node.getAttribute(name) !== text) node.setAttribute(name, text);
      }
    }
  };

  page.put = (node, children) => {
    node.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  };

  /**
   * Rows that stay the same elements while their values change, so that focus, selection and open details stay.
   * `make(item)` returns `{ node, update(item) }`.
   */
  page.rows = (parent, make) => {
    const known = new Map();
    return (items, keyOf) => {
      const wanted = new Set();
      let before = null;
      for (const item of items) {
        const key = keyOf(item);
        wanted.add(key);
        let row = known.get(key);
        if (!row) {
          row = make(item);
          known.set(key, row);
        }
        row.update(item);
        const place = before ? before.nextSibling : parent.firstChild;
        if (row.node !== place) parent.insertBefore(row.node, place);
        before = row.node;
      }
      for (const [key, row] of known)
        if (!wanted.has(key)) {
          row.node.remove();
          known.delete(key);
        }
    };
  };

  /** A section with a heading, listed in the navigation. */
  page.section = (id, title, ...children) => {
    const heading = page.h('h2', { id: `${id}-title`, text: title });
    const section = page.h('section', { id, 'aria-labelledby': `${id}-title` }, heading, ...children);
    const link = page.h('a', { href: `#${id}`, text: title });
    document.getElementById('nav').append(link);
    document.getElementById('main').append(section);
    return {
      section,
      heading,
      show: (yes) => {
        section.hidden = !yes;
        link.hidden = !yes;
      },
    };
  };

  const ACTS =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those that must not act
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe]/gu;
  const NAMES = { 27: '\\e', 13: '\\r' };

  /** What would act on the reader's eye instead of being seen, as an escape: controls, bidi controls, invisible ones. */
  page.safe = (text) =>
    String(text ?? '').replace(ACTS, (c) => NAMES[c.codePointAt(0)] ?? `\\u{${c.codePointAt(0).toString(16)}}`);

  /** An excerpt: one line, so that it reads as prose. */
  page.excerpt = (text, most = 240) => {
    const line = page.safe(
      String(text ?? '')
        .slice(0, 4 * most)
        .replace(/[\n\r\t ]+/g, ' ')
        .trim(),
    );
    const all = Array.from(line);
    return all.length > most ? `${all.slice(0, most).join('')}…` : line;
  };
})();
