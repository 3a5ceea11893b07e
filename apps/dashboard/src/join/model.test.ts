import type { PageExamination } from '@murmuration/worker/browser';
import { describe, expect, it } from 'vitest';
import { JoinModel } from './model.ts';
import { FakeBrowser } from './testing/fake-environment.ts';
import { fakeExamination, fakeOffer } from './testing/fakes.ts';

/** A page that has looked around. */
async function opened(prepare: (browser: FakeBrowser) => void = () => undefined) {
  const browser = new FakeBrowser();
  prepare(browser);
  const model = new JoinModel(browser.environment);
  await model.look();
  return { browser, model };
}

/** A page whose worker trains. */
async function training(prepare?: (browser: FakeBrowser) => void) {
  const { browser, model } = await opened(prepare);
  await model.join('auto');
  browser.worker.phase('training');
  browser.pass();
  return { browser, model };
}

/** After every promise that is ready has been heard. */
const settled = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));

/** A page that lacks what no worker can do without. */
const lacking = (code: string): PageExamination => ({
  ...fakeExamination,
  advice: [{ code, severity: 'stop', text: 'It is missing. Use another browser.' }],
});

const stopOf = ({ state }: JoinModel): string | null => (state.value.kind === 'stopped' ? state.value.stop.code : null);

describe('before joining', () => {
  it('offers one button where there is a GPU', async () => {
    const { model } = await opened();
    expect(model.state.value).toMatchObject({ kind: 'ready', returning: false, ways: [{ backend: 'auto' }] });
  });

  it('offers the CPU as the button where there is no WebGPU', async () => {
    const { model } = await opened((browser) => {
      browser.examination = { ...fakeExamination, webgpu: { state: 'missing', adapter: null }, backend: 'exact' };
    });
    expect(model.state.value).toMatchObject({ kind: 'ready', ways: [{ backend: 'exact' }] });
  });

  it('computes with what a person chose, where there is a choice', async () => {
    const { browser, model } = await opened();
    model.choose({ backend: 'webgpu' });
    expect(model.state.value).toMatchObject({ ways: [{ backend: 'webgpu' }] });
    browser.examination = { ...fakeExamination, webgpu: { state: 'missing', adapter: null }, backend: 'exact' };
    await model.look();
    expect(model.state.value).toMatchObject({ ways: [{ backend: 'exact' }] });
  });

  it.each([
    ['NO_STORAGE', (browser: FakeBrowser) => (browser.examination = lacking('NO_STORAGE'))],
    ['NO_WASM', (browser: FakeBrowser) => (browser.examination = lacking('NO_WASM'))],
    ['RUN_CLOSED', (browser: FakeBrowser) => (browser.offer = { ...fakeOffer, open: false, reason: 'It is over.' })],
    ['NO_ADDRESS', (browser: FakeBrowser) => (browser.offer = { ...fakeOffer, sameOrigin: false })],
    ['PROTOCOL_VERSION', (browser: FakeBrowser) => (browser.offer = { ...fakeOffer, protocolVersion: '99.0.0' })],
    [
      'UNREACHABLE',
      (browser: FakeBrowser) => (browser.offer = Object.assign(new Error('Gone.'), { code: 'UNREACHABLE' })),
    ],
  ] as const)('stops with %s', async (code, prepare) => {
    const { model } = await opened((browser) => void prepare(browser));
    expect(stopOf(model)).toBe(code);
  });

  it('stops while another tab of this browser works, and tries again', async () => {
    const { browser, model } = await opened();
    await model.join('auto');
    browser.worker.finish({ outcome: 'failed', code: 'KEY_IN_USE', reason: 'Another tab works.' });
    await settled();
    expect(stopOf(model)).toBe('KEY_IN_USE');
    await model.look();
    await model.join('auto');
    expect(model.state.value.kind).toBe('working');
  });
});

describe('a server that is not ready', () => {
  it('is asked again by the page itself', async () => {
    const { browser, model } = await opened((browser) => {
      browser.offer = Object.assign(new Error('The run is being opened.'), { code: 'OPENING', status: 503 });
    });
    expect(stopOf(model)).toBe('OPENING');
    browser.offer = fakeOffer;
    browser.pass();
    await settled();
    expect(model.state.value.kind).toBe('ready');
  });
});

describe('the token', () => {
  const invited = (browser: FakeBrowser): void => void (browser.offer = { ...fakeOffer, tokenRequired: true });

  it('leaves the address bar, reaches the worker, and outlasts a reload', async () => {
    const { browser, model } = await opened((browser) => {
      invited(browser);
      browser.address.hash = '#token=abc-123';
    });
    expect(browser.address.hash).toBe('');
    await model.join('auto');
    expect(browser.worker.options.token).toBe('abc-123');
    const again = new JoinModel(browser.environment);
    await again.look();
    expect(again.state.value.kind).toBe('ready');
  });

  it('is asked for when the run wants one, and taken alone or in its link', async () => {
    const { browser, model } = await opened(invited);
    expect(model.state.value.kind).toBe('token');
    model.useToken('two words');
    expect(model.state.value).toMatchObject({ kind: 'token', reason: expect.stringMatching(/no token/) as string });
    model.useToken(' https://run.example/join#token=abc ');
    await model.join('auto');
    expect(browser.worker.options.token).toBe('abc');
  });

  it('is asked for again when it was refused, with the reason', async () => {
    const { browser, model } = await opened((browser) => {
      invited(browser);
      browser.address.hash = '#token=old';
    });
    await model.join('auto');
    browser.worker.finish({ outcome: 'refused', code: 'TOKEN_REFUSED', reason: 'It expired yesterday.' });
    await browser.worker.ended;
    expect(model.state.value).toMatchObject({
      kind: 'token',
      reason: expect.stringMatching(/expired yesterday/) as string,
    });
    model.useToken('new');
    await model.join('auto');
    expect(browser.worker.options.token).toBe('new');
  });
});

describe('at work', () => {
  it('shows what the worker says, however many events come at once', async () => {
    const { browser, model } = await training();
    const shown: number[] = [];
    const stop = model.status.subscribe((status) => shown.push(status?.accepted ?? -1));
    for (let accepted = 1; accepted <= 50; accepted++)
      browser.worker.tell({ event: 'worker.problem', code: 'X', message: 'x' }, { accepted });
    browser.pass();
    stop();
    expect(shown).toEqual([0, 50]);
  });

  it('passes on share, pause and leaving', async () => {
    const { browser, model } = await training();
    model.choose({ share: 0.5 });
    model.pause();
    model.resume();
    await model.leave();
    browser.pass();
    expect(browser.worker.calls.map((call) => call.split(' ')[0])).toEqual(['share', 'pause', 'resume', 'leave']);
    expect(model.state.value).toMatchObject({ kind: 'over', again: true });
  });

  it('offers to go on with the same key after a reload', async () => {
    const { browser } = await training();
    const { key } = browser.worker.options;
    const again = new JoinModel(browser.environment);
    await again.look();
    expect(again.state.value).toMatchObject({ kind: 'ready', returning: true });
    await again.join('auto');
    expect(browser.worker.options.key.peerId).toBe(key.peerId);
  });

  it('begins anew after a person left', async () => {
    const { browser, model } = await training();
    await model.leave();
    await model.look();
    expect(model.state.value).toMatchObject({ kind: 'ready', returning: false });
    expect(browser.workers).toHaveLength(1);
  });

  it('tells a screen reader turns, not counters', async () => {
    const { browser, model } = await training();
    const said: string[] = [];
    const stop = model.announcer.text.subscribe((text) => said.push(text));
    for (let round = 0; round < 20; round++)
      browser.worker.tell({
        event: 'worker.applied',
        round: round as never,
        stateHash: '0x' as never,
        microBatches: 3,
      });
    browser.worker.phase('reconnecting');
    stop();
    expect(said).toHaveLength(3);
  });
});

describe('a hidden tab', () => {
  it('keeps going by default', async () => {
    const { browser } = await training();
    browser.hide(true);
    expect(browser.worker.calls).toEqual([]);
  });

  it('pauses and comes back where that was chosen', async () => {
    const { browser, model } = await training();
    model.choose({ background: 'visible' });
    browser.hide(true);
    browser.hide(false);
    expect(browser.worker.calls).toEqual(['pause', 'resume']);
  });

  it('stays paused when a person paused it', async () => {
    const { browser, model } = await training();
    model.choose({ background: 'visible' });
    model.pause();
    browser.hide(true);
    browser.hide(false);
    expect(browser.worker.calls).toEqual(['pause']);
  });

  it('keeps the screen on only while it works, is seen, and that was chosen', async () => {
    const { browser, model } = await training();
    expect(browser.screenLocks).toEqual([]);
    model.choose({ screenOn: true });
    browser.hide(true);
    await settled();
    browser.hide(false);
    await model.leave();
    await settled();
    expect(browser.screenLocks).toEqual(['on', 'off', 'on', 'off']);
  });
});

describe('key and payout', () => {
  it('makes a key for its backup, and takes one from a backup', async () => {
    const { browser, model } = await opened();
    expect(model.key.key.value).toBeNull();
    await model.key.downloadBackup();
    const [[name, text] = []] = browser.downloaded;
    expect(name).toMatch(/^murmuration-key-.*\.txt$/);
    expect(model.key.key.value?.backedUp).toBe(true);
    await model.key.restore('nonsense');
    expect(model.key.said.value).toMatchObject({ ok: false, text: expect.stringMatching(/checksum/) as string });
    await model.key.restore(text ?? '');
    expect(model.key.said.value?.ok).toBe(true);
  });

  it('refuses an address with a wrong digit, and does not join with it', async () => {
    const { browser, model } = await opened();
    model.payout.type('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAEd');
    await model.join('auto');
    expect(browser.workers).toEqual([]);
    expect(model.payout.payout.value.problem).toMatch(/capitals/);
    model.payout.type('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed');
    await model.join('auto');
    expect(browser.worker.options.payout).toBe('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed');
  });

  it('takes the address of a wallet, and says why one gave none', async () => {
    const { browser, model } = await opened();
    const wallet = (name: string, request: () => Promise<unknown>) => ({
      id: name,
      name,
      icon: null,
      provider: { request },
    });
    browser.wallets([
      wallet('Good', async () => await Promise.resolve(['0xde709f2102306220921060314715629080e2fb77'])),
    ]);
    await model.payout.useWallet(model.payout.wallets.value[0]!);
    expect(model.payout.payout.value.address).toBe('0xde709f2102306220921060314715629080e2fb77');
    const rejection = Object.assign(new Error('no'), { code: 4001 });
    await model.payout.useWallet(wallet('Shy', async () => await Promise.reject(rejection)));
    expect(model.payout.said.value).toMatchObject({
      ok: false,
      text: expect.stringMatching(/declined in Shy/) as string,
    });
  });
});
