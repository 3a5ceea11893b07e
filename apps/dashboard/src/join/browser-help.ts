/** Where WebGPU is switched on, browser by browser. */

export interface BrowserHelp {
  readonly name: string;
  readonly steps: string;
}

interface Known extends BrowserHelp {
  /** Finds the browser by what it calls itself; the more particular ones come first. */
  readonly pattern: RegExp;
}

const linuxChromium =
  'On Linux with Chrome 144 or later it is on for most drivers; before that open chrome://flags/#enable-unsafe-webgpu, choose Enabled, and restart.';

const known: readonly Known[] = [
  {
    name: 'Firefox for Android',
    pattern: /Android.*Firefox\//,
    steps: 'It has no WebGPU yet. Use Chrome on this phone, or the CPU below.',
  },
  {
    name: 'Firefox',
    pattern: /Firefox\//,
    steps:
      'Firefox 141 and later has WebGPU on Windows, 145 and later on Macs with Apple silicon. Elsewhere open about:config, set dom.webgpu.enabled to true and restart.',
  },
  {
    name: 'Edge',
    pattern: /Edg\//,
    steps: `Edge 113 and later has it. Open edge://settings/system, switch on “Use graphics acceleration”, restart, and see edge://gpu for the reason if it is still missing. ${linuxChromium.replaceAll('chrome:', 'edge:').replace('Chrome', 'Edge')}`,
  },
  {
    name: 'Chrome on a phone',
    pattern: /Android.*Chrome\//,
    steps: 'Chrome 121 and later on Android 12 and later has it on Qualcomm and ARM GPUs. Update Chrome first.',
  },
  {
    name: 'Chrome and its relatives',
    pattern: /Chrome\//,
    steps: `Chrome 113 and later has it. Open chrome://settings/system, switch on “Use graphics acceleration when available”, restart, and see chrome://gpu for the reason if it is still missing. ${linuxChromium}`,
  },
  {
    name: 'Safari on an iPhone or iPad',
    pattern: /(iPhone|iPad).*Safari\//,
    steps:
      'iOS 26 and later has it. On iOS 18: Settings, Apps, Safari, Advanced, Feature Flags, WebGPU. Lockdown mode switches it off.',
  },
  {
    name: 'Safari',
    pattern: /Safari\//,
    steps: 'Safari 26 and later has it. In Safari 18: Settings, Feature Flags, WebGPU. Lockdown mode switches it off.',
  },
];

/** What to do in the browser that calls itself `userAgent`; and in all the others, for whoever would rather change. */
export function webgpuHelp(userAgent: string): {
  readonly own: BrowserHelp | null;
  readonly others: readonly BrowserHelp[];
} {
  const own = known.find(({ pattern }) => pattern.test(userAgent)) ?? null;
  const shown = ({ name, steps }: Known): BrowserHelp => ({ name, steps });
  return { own: own && shown(own), others: known.filter((browser) => browser !== own).map(shown) };
}
