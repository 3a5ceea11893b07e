import { describe, expect, it } from 'vitest';
import { judge } from './examine-page.ts';

const good = {
  secure: true,
  isolated: true,
  threads: 8,
  webgpu: { state: 'gpu', adapter: 'a GPU' },
  webrtc: true,
  webAssembly: true,
  indexedDb: true,
} as const satisfies Parameters<typeof judge>[0];

const codes = (findings: Partial<Parameters<typeof judge>[0]>) =>
  judge({ ...good, ...findings }).advice.map(({ code }) => code);

describe('the examination of a page', () => {
  it('has nothing to say of a page with everything', () => {
    expect(judge(good)).toMatchObject({ backend: 'webgpu', advice: [] });
  });

  it('names what would compute', () => {
    const backendWith = (state: 'gpu' | 'software' | 'no adapter' | 'missing') =>
      judge({ ...good, webgpu: { state, adapter: null } }).backend;
    expect(backendWith('software')).toBe('measure');
    expect(backendWith('no adapter')).toBe('exact');
    expect(backendWith('missing')).toBe('exact');
    expect(judge({ ...good, webAssembly: false }).backend).toBeNull();
  });

  it('names the cause before its consequences', () => {
    const missing = { state: 'missing', adapter: null } as const;
    expect(codes({ webgpu: missing })).toEqual(['NO_WEBGPU']);
    expect(codes({ secure: false, isolated: false, webgpu: missing })).toEqual(['NOT_SECURE', 'NOT_ISOLATED']);
    expect(codes({ webgpu: { state: 'no adapter', adapter: null } })).toEqual(['NO_ADAPTER']);
    expect(codes({ webgpu: { state: 'software', adapter: 'SwiftShader' } })).toEqual(['SOFTWARE_ADAPTER']);
    expect(codes({ webAssembly: false, indexedDb: false })).toEqual(['NO_WASM', 'NO_STORAGE']);
  });

  it('does not trouble a GPU with the number of CPU threads', () => {
    expect(codes({ isolated: false })).toEqual([]);
    expect(codes({ webrtc: false })).toEqual(['NO_WEBRTC']);
  });

  it('says in every case what to do', () => {
    const worst = judge({
      ...good,
      secure: false,
      isolated: false,
      webAssembly: false,
      indexedDb: false,
      webrtc: false,
    });
    expect(worst.advice.map(({ severity }) => severity)).toEqual(['stop', 'stop', 'slow', 'hint']);
    for (const { text } of worst.advice) expect(text).toMatch(/\.$/);
  });
});
