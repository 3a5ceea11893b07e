/** `node write-run.ts DIRECTORY {…SimulatedRun}`: makes a run directory, in a process of its own so that its memory is no part of what is measured. */
import { simulatedJournal, writeRunDirectory } from '@murmuration/orchestrator/dashboard';
import type { SimulatedRun } from '@murmuration/orchestrator/dashboard';

const [directory = '', run = '{}'] = process.argv.slice(2);
process.stdout.write(String(writeRunDirectory(directory, simulatedJournal(JSON.parse(run) as SimulatedRun))));
