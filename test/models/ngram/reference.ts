/**
 * Interpolated modified Kneser-Ney over maps of strings, straight from the definitions; slow, and nothing of it is
 * shared with the model.
 */
export function referenceModel(sequences: readonly (readonly string[])[], order: number) {
  const raw: Map<string, number>[] = Array.from({ length: order + 1 }, () => new Map());
  const bump = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const words of sequences) {
    const all = ['<s>', ...words, '</s>'];
    for (let n = 1; n <= order; n++)
      for (let i = 0; i + n <= all.length; i++) {
        const gram = all.slice(i, i + n).join(' ');
        if (gram !== '<s>') bump(raw[n], gram);
      }
  }
  const adjusted = raw.map((counts, n) => {
    if (n === 0 || n === order) return counts;
    const out = new Map<string, number>();
    for (const [gram, c] of counts) if (gram.startsWith('<s> ')) out.set(gram, c);
    for (const longer of raw[n + 1].keys()) bump(out, longer.slice(longer.indexOf(' ') + 1));
    for (const gram of counts.keys()) if (gram.startsWith('<s> ')) out.set(gram, counts.get(gram) as number);
    return out;
  });
  const discounts = adjusted.map((counts) => {
    const t = [0, 0, 0, 0, 0];
    for (const c of counts.values()) if (c <= 4) t[c]++;
    const y = t[1] / (t[1] + 2 * t[2]);
    const d = [1, 2, 3].map((k) => k - ((k + 1) * y * t[k + 1]) / t[k]);
    return d.every((x, i) => x > 0 && x <= i + 1) && t[4] > 0 ? d : [0.5, 1, 1.5];
  });
  const off = (n: number, c: number): number => discounts[n][Math.min(c, 3) - 1];
  const vocabulary = [...raw[1].keys(), '<unk>'];
  const probability = (context: readonly string[], word: string): number => {
    const n = context.length + 1;
    const counts = adjusted[n];
    const followers = n === 1 ? [...counts] : [...counts].filter(([g]) => g.startsWith(`${context.join(' ')} `));
    const total = followers.reduce((sum, [, c]) => sum + c, 0);
    const lower = (): number => (n === 1 ? 1 / vocabulary.length : probability(context.slice(1), word));
    if (total === 0) return lower();
    const own = counts.get([...context, word].join(' ')) ?? 0;
    const weight = followers.reduce((sum, [, c]) => sum + off(n, c), 0) / total;
    return (own === 0 ? 0 : (own - off(n, own)) / total) + weight * lower();
  };
  return { vocabulary, discounts: discounts.slice(1), probability };
}
