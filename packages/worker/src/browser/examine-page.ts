/** What a page can do, looked at without asking anything of the user. */
import { describeAdapter } from '@murmuration/kernels/webgpu';
import type { PageExamination } from './face.ts';

type Advice = PageExamination['advice'][number];
type Findings = Omit<PageExamination, 'backend' | 'advice'>;

export async function examinePage(): Promise<PageExamination> {
  const findings: Findings = {
    secure: globalThis.isSecureContext,
    isolated: globalThis.crossOriginIsolated,
    threads: navigator.hardwareConcurrency,
    webgpu: await examineWebGpu(),
    webrtc: 'RTCPeerConnection' in globalThis,
    webAssembly: hasSimd(),
    indexedDb: 'indexedDB' in globalThis,
  };
  return judge(findings);
}

/** What the findings mean to a volunteer. Pure. */
export function judge(findings: Findings): PageExamination {
  return { ...findings, backend: backendOf(findings), advice: adviceOn(findings) };
}

function backendOf({ webgpu: { state }, webAssembly }: Findings): PageExamination['backend'] {
  // Sums and the optimizer are WebAssembly everywhere, so that all members have the same bits.
  if (!webAssembly) return null;
  if (state === 'gpu') return 'webgpu';
  return state === 'software' ? 'measure' : 'exact';
}

function adviceOn({ secure, isolated, webgpu, webrtc, webAssembly, indexedDb }: Findings): readonly Advice[] {
  const advice: Advice[] = [];
  const say = (code: string, severity: Advice['severity'], text: string): void =>
    void advice.push({ code, severity, text });
  if (!webAssembly)
    say(
      'NO_WASM',
      'stop',
      'This browser has no WebAssembly with SIMD, which every worker needs. Update it, or use a current Chrome, Edge, Firefox or Safari.',
    );
  if (!indexedDb)
    say(
      'NO_STORAGE',
      'stop',
      'This browser lets the page store nothing, so that the key which earns the pay would be lost. Leave private mode, or allow storage for this page.',
    );
  if (!secure)
    say(
      'NOT_SECURE',
      'slow',
      'The page came over plain http, and browsers then give it no GPU. Open it by https, or on the machine that serves it.',
    );
  else if (webgpu.state === 'missing')
    say(
      'NO_WEBGPU',
      'slow',
      'This browser has no WebGPU, so that the CPU will compute. Chrome and Edge have it since version 113, Safari since 26, Firefox since 141 on Windows; update the browser to use the GPU.',
    );
  else if (webgpu.state === 'no adapter')
    say(
      'NO_ADAPTER',
      'slow',
      'The browser has WebGPU but finds no GPU, so that the CPU will compute. Switch on “graphics acceleration” in its settings, update the graphics driver, and look at chrome://gpu for what it says.',
    );
  else if (webgpu.state === 'software')
    say(
      'SOFTWARE_ADAPTER',
      'slow',
      'The browser’s GPU is played by the CPU. A step on each will decide which way is faster. Switch on “graphics acceleration” in the browser’s settings if the machine has a GPU.',
    );
  if (!isolated && webgpu.state !== 'gpu')
    say(
      'NOT_ISOLATED',
      'slow',
      'The server does not isolate the page (COOP and COEP headers), so that one CPU thread computes instead of several. Ask whoever runs it to set them.',
    );
  if (!webrtc)
    say(
      'NO_WEBRTC',
      'hint',
      'This browser has no WebRTC, so that the tab takes part without a direct way to other tabs. That is enough; a little more goes through the coordinator.',
    );
  return advice;
}

async function examineWebGpu(): Promise<PageExamination['webgpu']> {
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu === undefined) return { state: 'missing', adapter: null };
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) return { state: 'no adapter', adapter: null };
  const { kind, name } = describeAdapter(adapter);
  return { state: kind, adapter: name };
}

/** `(func (result v128) (i32.const 0) i8x16.splat)`, the least module with SIMD. */
const SIMD_MODULE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  8,
  1,
  6,
  0,
  65,
  0,
  253,
  15,
  11,
);

const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(SIMD_MODULE);
