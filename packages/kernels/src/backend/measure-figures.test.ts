import { describe, expect, it } from 'vitest';
import { openExactBackend } from '../exact-backend/node/open.ts';
import { interpret } from '../graph/interpret.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { kernelProgram } from './kernel-program.ts';
import { measureFigures } from './measure-figures.ts';

describe('kernelProgram', () => {
  it('evaluates a graph and adds its output up', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [2, 2] }, 'data');
    builder.output('y', builder.apply('scale', [x], { factor: 3 }));
    const { evaluate, layout } = kernelProgram(builder.build());
    expect(interpret(evaluate, { x: Float32Array.of(1, 2, 3, 4) })).toMatchObject({
      loss: Float64Array.of(30),
      correct: Float64Array.of(30),
      predictions: Float64Array.of(30),
    });
    expect(layout.slots.map(({ name, update }) => [name, update])).toEqual([['x', 'frozen']]);
  });
});

describe('measureFigures', () => {
  it('gives both figures, says how, and leaves nothing open', async () => {
    const backend = openExactBackend({ threads: 1 });
    let open = 0;
    const figures = await measureFigures(async (program) => {
      const executable = await backend.compile(program);
      open++;
      const close = executable.close.bind(executable);
      executable.close = async () => {
        open--;
        await close();
      };
      return executable;
    });
    await backend.close();
    expect(figures.gflops).toBeGreaterThan(0);
    expect(figures.gigabytesPerSecond).toBeGreaterThan(0);
    expect(figures.how).toContain('512 × 512 × 512');
    expect(open).toBe(0);
  });
});
