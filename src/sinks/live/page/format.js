// Numbers as the terminal writes them.
(() => {
  const page = window.sluice;
  const trimmed = (n, digits) => n.toFixed(digits).replace(/\.0+$/, '');

  page.count = (n) => (n === null || n === undefined ? '–' : Math.round(n).toLocaleString('en-US'));

  /** Three digits or so: 950, 12.3, 1.0 of the next unit. */
  const scaled = (n, units) => {
    let [value, unit] = [n, 0];
    while (Math.abs(value) >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
    const shown = unit === 0 || Math.abs(value) >= 99.95 ? Math.round(value) : value.toFixed(1);
    return `${shown} ${units[unit]}`.trimEnd();
  };

  page.size = (bytes) =>
    bytes === null || bytes === undefined ? '–' : scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);

  page.percent = (part, whole) => {
    if (!whole) return '–';
    const p = (100 * part) / whole;
    if (p === 0 || p === 100) return `${p} %`;
    return `${p < 0.1 ? '<0.1' : p > 99.9 ? '>99.9' : p.toFixed(1)} %`;
  };

  page.duration = (seconds) => {
    if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
    if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
    const s = Math.round(seconds);
    if (s < 100) return `${s} s`;
    const two = (n) => String(n).padStart(2, '0');
    const minutes = Math.floor(s / 60);
    if (minutes < 60) return `${minutes} min ${two(s % 60)} s`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
  };

  /** A measured value: short, and whole numbers whole. */
  page.value = (n) => {
    if (n === null || n === undefined) return '–';
    if (typeof n !== 'number') return page.safe(n);
    if (Number.isInteger(n)) return Math.abs(n) < 1e15 ? n.toLocaleString('en-US') : String(n);
    return String(Number(n.toPrecision(4)));
  };

  /** For the ticks of an axis. */
  page.compact = (n) => {
    const [unit] = [
      [1e9, ' G'],
      [1e6, ' M'],
      [1e4, ' k'],
    ].filter(([least]) => Math.abs(n) >= least);
    if (!unit) return page.value(n);
    return `${trimmed(n / (unit[0] === 1e4 ? 1e3 : unit[0]), 1)}${unit[1]}`;
  };

  const short = (n) => scaled(n, ['', 'k', 'M', 'G']);

  page.short = short;

  // Tokens that no step has counted are estimates.
  const counted = () => page.cell('run')?.annotations.includes('tokens');
  page.tokens = (n) => `${counted() ? '' : '≈ '}${short(n)}`;
})();
