/** `orchestrate doctor`: what this machine has for a run; why it can't join one; why others can't join one of its own. */
import type { Command } from 'commander';
import type { Finding } from '../doctor/finding.ts';
import { act, addCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';

interface DoctorFlags {
  readonly join?: string;
}

async function examination(directory: string | undefined, join: string | undefined): Promise<readonly Finding[]> {
  if (join !== undefined) {
    const { examineJoin } = await import('../doctor/join/examine-join.ts');
    return examineJoin(join, process.env['MURMURATION_TOKEN'] ?? null);
  }
  if (directory !== undefined) return (await import('../doctor/run/examine-run.ts')).examineRun(directory);
  return (await import('../doctor/examine.ts')).examine();
}

export function registerDoctor(program: Command): void {
  const command = addCommand(program, {
    usage: 'doctor [run]',
    summary:
      'say what is wrong and what to do: with this machine, with a run whose directory is here, or with the way to another',
    examples: [
      'orchestrate doctor',
      'orchestrate doctor runs/mnist-20260101-0123abcd',
      "orchestrate doctor --join 'https://train.example.org/join#token=…'",
      'orchestrate doctor --join /ip4/192.168.1.10/tcp/4001/p2p/16Uiu2HA…',
    ],
  }).option(
    '--join <link>',
    'find out whether this machine can join, and why if it can not: the link or the address that you were given',
  );
  act<DoctorFlags>(command, async (output, { join }, [directory]) => {
    const findings = await examination(directory, join);
    const width = Math.max(...findings.map(({ name }) => name.length));
    const marks = { good: 'ok  ', missing: 'none', bad: 'BAD ' } as const;
    for (const { name, state, found, mend } of findings)
      output.result(`${marks[state]}  ${name.padEnd(width)}  ${found}${mend === null ? '' : `: ${mend}`}`);
    output.event({ event: 'doctor.done', findings });
    return findings.some(({ state }) => state === 'bad') ? exitCodes.failed : exitCodes.done;
  });
}
