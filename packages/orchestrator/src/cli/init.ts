/** `orchestrate init`: a job file to start from, with every key that matters explained. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MurmurationError } from '@murmuration/protocol';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';
import { jobTemplate } from './job-template.ts';

class FileExistsError extends MurmurationError {
  readonly code = 'FILE_EXISTS';

  constructor(file: string) {
    super({ message: `${file} exists already.`, mend: 'Name another file, or pass --force to replace it.' });
  }
}

const schema = fileURLToPath(new URL('../../../protocol/schema/job.schema.json', import.meta.url));

/** Editors check the file and explain its keys as it is typed; empty where the schema is not installed. */
function schemaLine(file: string): string {
  if (!existsSync(schema)) return '';
  const path = relative(dirname(resolve(file)), schema);
  return `# yaml-language-server: $schema=${path.split(sep).join('/')}\n`;
}

export function registerInit(program: Command): void {
  const command = addCommand(program, {
    usage: 'init [file]',
    summary: 'write a commented job file to start from',
    examples: ['orchestrate init', 'orchestrate init my-job.yaml --force'],
  }).option('--force', 'replace the file if it exists');
  act<{ force?: boolean }>(command, async (output, { force = false }, [file = 'job.yaml']) => {
    if (existsSync(file) && !force) throw new FileExistsError(file);
    writeFileSync(file, schemaLine(file) + jobTemplate);
    output.event({ event: 'init.written', file });
    output.result(
      `Wrote ${file}. See what it will do with \`orchestrate check ${file}\`, start it with \`orchestrate run ${file}\`.`,
    );
  });
}
