/** `orchestrate doctor`: what this machine has for a run, and what to do about what it lacks. */
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';

export function registerDoctor(program: Command): void {
  const command = addCommand(program, {
    usage: 'doctor',
    summary: 'say what this machine has for a run, and what to do about what it lacks',
    examples: ['orchestrate doctor', 'orchestrate doctor --json'],
  });
  act(command, async (output) => {
    const { examine } = await import('../doctor/examine.ts');
    const findings = await examine();
    const width = Math.max(...findings.map(({ name }) => name.length));
    const marks = { good: 'ok  ', missing: 'none', bad: 'BAD ' } as const;
    for (const { name, state, found, mend } of findings)
      output.result(`${marks[state]}  ${name.padEnd(width)}  ${found}${mend === null ? '' : `: ${mend}`}`);
    output.event({ event: 'doctor.done', findings });
    return findings.some(({ state }) => state === 'bad') ? exitCodes.failed : exitCodes.done;
  });
}
