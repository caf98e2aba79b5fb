// The cells of the run, and who wants to know when they change.
(() => {
  const page = window.sluice;
  const cells = new Map();
  const wanting = [];
  let due = false;
  const embedded = document.getElementById('sluice-data');
  page.data = embedded ? JSON.parse(embedded.textContent) : null;

  page.cell = (key) => cells.get(key) ?? null;

  /** Values of all cells whose key begins so. */
  page.cellsOf = (prefix) => [...cells].filter(([key, v]) => key.startsWith(prefix) && v !== null).map(([, v]) => v);

  /** Calls back once per frame after cells have changed whose key begins with one of these; and now. */
  page.watch = (prefixes, changed) => {
    wanting.push({ prefixes, changed, stale: true });
    schedule();
  };

  function schedule() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      for (const w of wanting)
        if (w.stale) {
          w.stale = false;
          w.changed();
        }
    });
  }

  page.take = (changes) => {
    for (const [key, value] of Object.entries(changes)) {
      cells.set(key, value);
      for (const w of wanting) if (w.prefixes.some((p) => key.startsWith(p))) w.stale = true;
    }
    schedule();
  };

  /** An answer of the server; of a page that was exported, the one that came with it. Errors say what to do. */
  page.api = async (name, query = {}) => {
    const text = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== null && v !== undefined)).toString();
    const address = `api/${name}${text ? `?${text}` : ''}`;
    if (page.data) {
      if (name === 'documents') return page.searchHeld(query);
      if (Object.hasOwn(page.data.answers, address)) return page.data.answers[address];
      throw new Error('This file does not hold that. Open the run with: sluice serve <run-dir>');
    }
    const response = await fetch(address);
    const body = await response.json();
    if (response.ok) return body;
    throw new Error([body.error, body.fix].filter(Boolean).join(' '));
  };

  page.connect = () => {
    if (page.data) {
      page.take(page.data.cells);
      return;
    }
    const lost = document.getElementById('lost');
    const events = new EventSource('events');
    let [received, since] = [0, performance.now()];
    events.onmessage = ({ data }) => {
      received += data.length;
      page.traffic = { bytes: received, seconds: (performance.now() - since) / 1000 };
      page.take(JSON.parse(data).cells);
    };
    events.onopen = () => {
      lost.hidden = true;
      since = performance.now();
    };
    events.onerror = () => {
      lost.textContent = 'The run does not answer any more. What it wrote is safe; see it with: sluice serve <run-dir>';
      lost.hidden = false;
    };
  };
})();
