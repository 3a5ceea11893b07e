/** The settings that the suites which compare contenders share, from the command line. */
import { availableParallelism } from 'node:os';
import { vulkanEnvironment } from '@murmuration/kernels/vulkan-environment';
import type { SuiteOptions } from '../suite.ts';
import type { FieldOptions } from './field.ts';

function adapterEnvironment(adapter: string | undefined): Record<string, string> {
  if (adapter !== undefined && adapter !== 'system' && adapter !== 'swiftshader')
    throw new Error(`adapter=${adapter} is neither system nor swiftshader. Leave it out to take what there is.`);
  return adapter === 'system' ? {} : vulkanEnvironment({ swiftshader: adapter === 'swiftshader' });
}

/** Seconds that one run of a contender may take. */
const DEFAULT_PATIENCE = 5;

/** @param seconds that all timed runs of one piece of work should take together, about */
export function fieldOptions({ quick, log, settings }: SuiteOptions, seconds: number): FieldOptions {
  return {
    log,
    threads: Number(settings['threads'] ?? availableParallelism()),
    spin: settings['spin'] === 'yes',
    python: settings['python'] ?? 'python3',
    environment: adapterEnvironment(settings['adapter']),
    budgetMillis: quick ? 500 : Number(settings['budget'] ?? seconds) * 1000,
    leastRounds: quick ? 2 : 5,
    mostRounds: quick ? 3 : 40,
    patienceMillis: Number(settings['patience'] ?? DEFAULT_PATIENCE) * 1000,
    settleMillis: quick ? 0 : 30,
    leastMillis: quick ? 1 : 10,
  };
}
