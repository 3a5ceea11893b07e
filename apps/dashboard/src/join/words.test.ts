import { describe, expect, it } from 'vitest';
import { webgpuHelp } from './browser-help.ts';
import { defaultChoices, parseChoices } from './choices.ts';
import { PaceMeter } from './pace.ts';
import { fakeOffer } from './testing/fakes.ts';
import { walletOf } from './wallets.ts';
import { earnsOf, usesOf } from './words.ts';

describe('the offer in words', () => {
  it('says plainly when nothing is paid', () => {
    expect(earnsOf({ ...fakeOffer, payment: null })).toEqual([expect.stringMatching(/payment: none/)]);
  });

  it('names price, unit of work and deposit', () => {
    const said = earnsOf(fakeOffer).join(' ');
    expect(said).toMatch(/0\.01 ETH/);
    expect(said).toMatch(/32 samples/);
    expect(said).toMatch(/100 ETH/);
  });

  it('names memory and traffic, twice as much where sums travel as 64-bit numbers', () => {
    const traffic = (numerics: 'fast' | 'exact'): string =>
      usesOf({ ...fakeOffer, numerics }, 0.5).find(({ name }) => name === 'Each round')?.value ?? '';
    expect(traffic('fast')).toMatch(/941/);
    expect(traffic('exact')).toMatch(/1\.88/);
    expect(usesOf(fakeOffer, 0.5)[0]?.value).toMatch(/50 %/);
  });
});

describe('webgpuHelp', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0', 'Firefox'],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0',
      'Edge',
    ],
    ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36', 'Chrome on a phone'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1',
      'Safari on an iPhone or iPad',
    ],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15', 'Safari'],
    ['curl/8', undefined],
  ])('knows %s', (agent, name) => {
    expect(webgpuHelp(agent).own?.name).toBe(name);
  });
});

describe('parseChoices', () => {
  it.each([null, '', 'nonsense', '[]', 'null', '{"share":9,"background":1,"payout":{},"backend":"onnx","lastRun":7}'])(
    'takes the defaults for %j',
    (stored) => {
      expect(parseChoices(stored)).toEqual(defaultChoices);
    },
  );

  it('gives back what was kept', () => {
    const choices = {
      share: 0.3,
      background: 'visible',
      screenOn: true,
      payout: '0x1',
      backend: 'exact',
      lastRun: 'r',
    } as const;
    expect(parseChoices(JSON.stringify(choices))).toEqual(choices);
  });
});

describe('walletOf', () => {
  const provider = { request: async () => await Promise.resolve([]) };

  it('takes what EIP-6963 announces', () => {
    const icon = 'data:image/svg+xml,<svg/>';
    expect(walletOf({ info: { uuid: '1', name: ' Fox ', icon }, provider })).toMatchObject({
      id: '1',
      name: 'Fox',
      icon,
    });
  });

  it('shows no picture from elsewhere', () => {
    expect(
      walletOf({ info: { uuid: '1', name: 'Fox', icon: 'https://evil.example/x.png' }, provider })?.icon,
    ).toBeNull();
  });

  it.each([
    null,
    {},
    { info: { uuid: '1', name: 'Fox' } },
    { info: { uuid: 1, name: 'Fox' }, provider },
    { info: { uuid: '1', name: '' }, provider },
  ])('takes no %j', (detail) => {
    expect(walletOf(detail)).toBeNull();
  });
});

describe('PaceMeter', () => {
  it('tells rate and time left', () => {
    const meter = new PaceMeter();
    for (const second of [0, 1, 2]) meter.see(second * 100, second * 1000);
    expect(meter.pace(1000)).toEqual({ rate: 100, secondsLeft: 8 });
  });

  it('forgets what is long past, and a count that began anew', () => {
    const meter = new PaceMeter();
    meter.see(0, 0);
    for (let second = 100; second <= 110; second++) meter.see(second * 10, second * 1000);
    expect(meter.pace(2000)?.rate).toBeCloseTo(10, 5);
    meter.see(0, 120_000);
    expect(meter.pace(2000)).toBeNull();
  });

  it('says nothing before anything came', () => {
    const meter = new PaceMeter();
    expect(meter.pace(10)).toBeNull();
    meter.see(5, 0);
    meter.see(5, 1000);
    expect(meter.pace(10)).toBeNull();
  });
});
