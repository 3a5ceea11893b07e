// Before anything is painted: the theme that was chosen here before, so that the page never flashes in the other one.
try {
  const theme = localStorage.getItem('murmuration.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}
