/** What an adapter's own words say about it. */
import { describe, expect, it } from 'vitest';
import { describeAdapter, describeAdapters, findAdapter, traitsOf } from './adapter.ts';

function adapter(info: Partial<GPUAdapterInfo>, features: readonly string[] = []): GPUAdapter {
  const words = { vendor: '', architecture: '', device: '', description: '', ...info };
  const limits = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 };
  return { info: words, features: new Set(features), limits } as unknown as GPUAdapter;
}

describe('describeAdapter', () => {
  it.each([
    [
      'SwiftShader',
      { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader driver 5.0.0' },
      'software',
    ],
    ['lavapipe', { vendor: 'mesa', description: 'llvmpipe (LLVM 19.1.7, 256 bits)' }, 'software'],
    ['WARP', { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }, 'software'],
    ['a fallback adapter', { description: 'unknown', isFallbackAdapter: true }, 'software'],
    ['NVIDIA', { vendor: 'nvidia', architecture: 'ada', description: 'NVIDIA GeForce RTX 4070' }, 'gpu'],
    ['Intel', { vendor: 'intel', architecture: 'gen-12lp', description: 'Intel(R) Iris(R) Xe Graphics' }, 'gpu'],
    ['Apple', { vendor: 'apple', architecture: 'metal-3' }, 'gpu'],
  ] as const)('tells what %s is', (_, info, kind) => {
    expect(describeAdapter(adapter(info)).kind).toBe(kind);
  });

  it('finds a name where a browser hides the description', () => {
    expect(describeAdapter(adapter({ vendor: 'apple', architecture: 'metal-3' })).name).toBe('apple metal-3');
    expect(describeAdapter(adapter({})).name).toBe('unnamed adapter');
  });
});

describe('traitsOf', () => {
  const subgroups = (subgroupMinSize: number, subgroupMaxSize: number) =>
    traitsOf(describeAdapter(adapter({ subgroupMinSize, subgroupMaxSize }, ['subgroups'])));

  it('uses subgroups only of one known size', () => {
    expect(subgroups(8, 8)).toMatchObject({ subgroups: true, subgroupSize: 8 });
    expect(subgroups(8, 32)).toMatchObject({ subgroups: false, subgroupSize: 0 });
    expect(traitsOf(describeAdapter(adapter({})))).toMatchObject({ subgroups: false, subgroupSize: 0 });
  });
});

describe('an entry point without adapters', () => {
  const none = { requestAdapter: async () => null } as unknown as GPU;
  const broken = {
    requestAdapter: async () => {
      throw new Error('driver');
    },
  } as unknown as GPU;

  it.each([
    ['offers none', none],
    ['fails', broken],
  ])('that %s gives a typed error and an empty list', async (_, gpu) => {
    await expect(findAdapter(gpu)).rejects.toMatchObject({ code: 'ADAPTER_NOT_FOUND' });
    expect(await describeAdapters(gpu)).toEqual([]);
  });
});
