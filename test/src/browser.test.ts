/** The browser that the other tests drive: it has WebGPU, its tabs are apart from each other, and it hides no error. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from './support/browser.ts';

const PAGE = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>page</title>';

let server: Server;
let origin: string;
let browser: TestBrowser;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(PAGE);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await TestBrowser.launch();
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  server.close();
});

describe('a tab of the test browser', () => {
  it('multiplies on WebGPU and can share memory between threads', async () => {
    await using tab = await browser.tab();
    await tab.page.goto(origin);
    const found = await tab.page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      if (adapter === null) return null;
      const device = await adapter.requestDevice();
      const code =
        '@group(0) @binding(0) var<storage, read_write> x: array<f32>; @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { x[i] = x[i] * 3; }';
      const module = device.createShaderModule({ code });
      const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const storage = device.createBuffer({ size: 16, usage });
      const readable = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      device.queue.writeBuffer(storage, 0, new Float32Array([1, 2, 3, 4]));
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      const entries = [{ binding: 0, resource: { buffer: storage } }];
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(storage, 0, readable, 0, 16);
      device.queue.submit([encoder.finish()]);
      await readable.mapAsync(GPUMapMode.READ);
      return {
        isolated: crossOriginIsolated,
        webrtc: typeof RTCPeerConnection,
        product: [...new Float32Array(readable.getMappedRange())],
      };
    });
    expect(found).toEqual({ isolated: true, webrtc: 'function', product: [3, 6, 9, 12] });
  });

  it('shares no storage with another, and keeps its own over a crash', async () => {
    await using first = await browser.tab();
    await using second = await browser.tab();
    for (const { page } of [first, second]) await page.goto(origin);
    await first.page.evaluate(() => localStorage.setItem('mark', 'first'));
    expect(await second.page.evaluate(() => localStorage.getItem('mark'))).toBeNull();
    await first.crash();
    const page = await first.reopen();
    await page.goto(origin);
    expect(await page.evaluate(() => localStorage.getItem('mark'))).toBe('first');
    expect(await second.page.evaluate(() => document.title)).toBe('page');
  });

  it('fails the test for errors that nobody expected', async () => {
    const tab = await browser.tab();
    await tab.page.goto(origin);
    const logged = tab.page.waitForEvent('console');
    await tab.page.evaluate(() => console.error('it went wrong'));
    await logged;
    await expect(tab[Symbol.asyncDispose]()).rejects.toThrow(/it went wrong/);
  });

  it('tells what it asked of other origins', async () => {
    await using tab = await browser.tab();
    tab.expectProblems(/ERR_|Failed to load|refused/);
    await tab.page.goto(origin);
    const closed = await tab.page.evaluate(async () => {
      await fetch('http://127.0.0.1:1/other').catch(() => undefined);
      const socket = new WebSocket('ws://127.0.0.1:1/socket');
      return await new Promise<boolean>((resolve) => (socket.onclose = () => resolve(true)));
    });
    expect(closed).toBe(true);
    expect(tab.foreignRequests(origin).toSorted()).toEqual(['http://127.0.0.1:1/other', 'ws://127.0.0.1:1/socket']);
  });
});
