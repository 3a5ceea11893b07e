/** What keeps a page from its GPU. */
import { MurmurationError } from '@murmuration/protocol';

/** The browser has no `navigator.gpu`. Causes: an old browser, a page that came over plain http, WebGPU switched off. */
export class NoWebGpuError extends MurmurationError {
  readonly code = 'NO_WEBGPU';

  constructor() {
    super({
      message: 'This browser offers no WebGPU to this page.',
      mend: 'Use a current browser and an https address, or compute on the CPU.',
    });
  }
}
