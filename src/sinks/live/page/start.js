// Light or dark, then the connection.
(() => {
  const page = window.sluice;
  const root = document.documentElement;
  const button = document.getElementById('theme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const stored = () => {
    try {
      return localStorage.getItem('sluice-theme');
    } catch {
      // A browser that keeps nothing for this page.
      return null;
    }
  };
  const show = (theme) => {
    root.dataset.theme = theme;
    button.textContent = theme === 'dark' ? 'Light' : 'Dark';
    button.setAttribute('aria-label', theme === 'dark' ? 'Use light colours' : 'Use dark colours');
    page.onTheme?.();
  };
  show(stored() ?? (dark.matches ? 'dark' : 'light'));
  dark.addEventListener('change', () => stored() ?? show(dark.matches ? 'dark' : 'light'));
  button.addEventListener('click', () => {
    const theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem('sluice-theme', theme);
    } catch {
      // It holds for this visit, then.
    }
    show(theme);
  });
  // A mixture or a training alone has no documents.
  page.watch(['run'], () => {
    document.body.dataset.run = page.cell('run') ? 'yes' : 'no';
  });
  page.connect();
})();
