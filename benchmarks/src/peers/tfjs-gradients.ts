/**
 * Registers TensorFlow.js's gradients. Its Node bundle leaves them out, and the files that hold them are written for
 * bundlers, which complete `./gradients/Abs_grad` to a file name.
 */
import { registerHooks } from 'node:module';

export async function registerGradients(): Promise<void> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('.') && !specifier.endsWith('.js') && context.parentURL?.includes('/@tensorflow/') === true
        ? next(`${specifier}.js`, context)
        : next(specifier, context),
  });
  try {
    await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
  } finally {
    hooks.deregister();
  }
}
