/** `orchestrate sample`: text from a run's language model, by its `model.onnx` in onnxruntime. */
import { existsSync } from 'node:fs';
import { MurmurationError } from '@murmuration/protocol';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

class NotALanguageModelError extends MurmurationError {
  readonly code = 'NOT_A_LANGUAGE_MODEL';

  constructor({ directory, type }: { directory: string; type: string }) {
    super({
      message: `The model of ${directory} is of type ${type}, which writes no text.`,
      mend: 'Name a run of a gpt or a llama.',
    });
  }
}

class ModelMissingError extends MurmurationError {
  readonly code = 'MODEL_MISSING';

  constructor(directory: string) {
    super({ message: `${directory} has no model.onnx yet.`, mend: 'Wait for the run to end, or end it with Ctrl-C.' });
  }
}

interface SampleOptions {
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly seed: number;
}

const atLeast =
  (least: number, otherwise: number) =>
  (text: string): number =>
    Number(text) >= least ? Number(text) : otherwise;

export function registerSample(program: Command): void {
  const command = addCommand(program, {
    usage: 'sample <run>',
    summary: "write text with a run's language model",
    examples: ['orchestrate sample runs/char-gpt-20260101-0123abcd --prompt "Call me " --tokens 400 --temperature 0.7'],
  })
    .option('--prompt <text>', 'how the text begins', '\n')
    .option('--tokens <n>', 'tokens to add', atLeast(1, 300), 300)
    .option('--temperature <t>', '0 always takes the likeliest token', atLeast(0, 0.8), 0.8)
    .option('--seed <n>', 'the same seed writes the same text', atLeast(0, 1), 1);
  act<SampleOptions>(command, async (output, options, [directory = '']) => {
    const [{ isLanguageModel }, { openRunDirectory }, { loadJob }, { ModelSession }, { generate }] = await Promise.all([
      import('@murmuration/protocol/job'),
      import('../store/run-directory.ts'),
      import('../plan/load-job.ts'),
      import('../model/session.ts'),
      import('../model/generate.ts'),
    ]);
    const { paths, origin } = openRunDirectory(directory);
    const { job, datasets } = await loadJob(paths.job, { origin: origin.file, start: false });
    const { tokenizer } = datasets.train;
    if (!isLanguageModel(job.model) || tokenizer === null)
      throw new NotALanguageModelError({ directory, type: job.model.type });
    if (!existsSync(paths.model)) throw new ModelMissingError(directory);
    // Before anything is printed: characters that the model doesn't know are bad input.
    tokenizer.encode(options.prompt);
    const session = await ModelSession.open(paths.model);
    let text = '';
    if (!output.json) process.stdout.write(options.prompt);
    for await (const piece of generate(session, tokenizer, job.model.block, options)) {
      text += piece;
      if (!output.json) process.stdout.write(piece);
    }
    await session.close();
    output.result('');
    output.event({ event: 'sample.done', prompt: options.prompt, text });
  });
}
