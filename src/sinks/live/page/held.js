// The documents that an exported page holds: search and filters work on them without a server.
(() => {
  const page = window.sluice;
  if (!page.data) return;
  const all = page.data.documents;
  const held = new Set(all.map((d) => d.position));

  /** Whether the file has everything about the document at a position. */
  page.holds = (position) => held.has(position);

  /** The domains, rules and cuts of which there is a document. */
  page.heldOf = {
    domains: new Set(all.map((d) => d.domain ?? '')),
    rules: new Set(all.map((d) => `${d.step}.${d.rule}`)),
    cuts: new Set(all.flatMap((d) => Object.keys(d.near))),
  };

  /** What the server would answer, of the documents in the file. */
  page.searchHeld = ({ text, outcome, domain, rule, near, from, most }) => {
    const wanted = text?.toLowerCase();
    const found = all
      .filter(
        (d) =>
          (!wanted || [d.id, d.position, d.excerpt].some((s) => s?.toLowerCase().includes(wanted))) &&
          (!outcome || d.outcome === outcome) &&
          (domain === null || (d.domain ?? '') === domain) &&
          (!rule || `${d.step}.${d.rule}` === rule) &&
          (!near || Object.hasOwn(d.near, near)),
      )
      .map(({ near: values, ...d }) => (near ? { ...d, near: values[near] } : d));
    if (near) found.sort((a, b) => b.near - a.near);
    const begin = from ?? 0;
    const end = begin + most;
    return {
      documents: found.slice(begin, end),
      next: end < found.length ? end : null,
      searched: all.length,
      rows: all.length,
    };
  };
})();
