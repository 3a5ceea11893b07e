/** Whether this machine has Vulkan at all, asked before Dawn, which writes a warning of its own to stderr where it has not. */
import { AdapterNotFoundError } from '../errors.ts';

/** Does nothing where Dawn uses another interface than Vulkan. @throws AdapterNotFoundError */
export function expectVulkanLoader(): void {
  if (process.platform !== 'linux') return;
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (cause) {
    // A library that is there loads, and is then refused because it is no addon of Node's.
    if (cause instanceof Error && cause.message.includes('did not self-register')) return;
    throw new AdapterNotFoundError({ reason: 'it has no Vulkan (libvulkan.so.1)', cause });
  }
}
