/** What a browser is called, without what would tell its owner from others: everybody who watches the run can read it. */

/** Looked for in order: most browsers also claim to be those that stand behind them. */
const browsers: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg(?:A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Samsung', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+).*\bSafari\//],
];
const systems: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad|iPod)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

/** `Chrome/156 Linux`, from a user agent's own words. */
export function browserName(userAgent: string): string {
  const browser = browsers.map(([name, mark]) => [name, mark.exec(userAgent)?.[1]]).find(([, version]) => version);
  const system = systems.find(([, mark]) => mark.test(userAgent));
  return `${browser?.join('/') ?? 'browser'} ${system?.[0] ?? 'system'}`;
}
