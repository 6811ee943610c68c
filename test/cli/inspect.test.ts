import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/cli/inspect.ts';

const folder = join(import.meta.dirname, '../golden/onnx-files/views');

async function inspect(name: string, options = {}): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  return { code: await inspectCommand(join(folder, name), options, (line) => lines.push(line)), lines };
}

describe('unroll inspect of a graph', () => {
  it('prints the graph block to fill in, with the candidates, where no view can be derived', async () => {
    const { code, lines } = await inspect('two-streams.onnx');
    expect(code).toBe(0);
    expect(lines.at(-4)).toContain('which are not certain to be states or lengths');
    expect(JSON.parse(lines.at(-1)!)).toEqual({
      weights: { file: 'two-streams.onnx' },
      graph: {
        input: ['mix', 'reference'],
        output: ['clean'],
        states: { mix: ['clean'] },
        set: [],
        shapes: { mix: ['B', 'T', 3], reference: ['B', 'T', 2] },
      },
    });
  });

  it('lists inputs with open sizes, whose steps are to be named', async () => {
    const { lines } = await inspect('third-open-axis.onnx');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ graph: { shapes: { x: ['B', 'T', 'objects', 3] } } });
  });

  it('says what the inputs and outputs of a graph are', async () => {
    const { code, lines } = await inspect('step-with-states.onnx');
    expect(code).toBe(0);
    expect(lines.join('\n')).toContain('"h_in" is a state with the next value "h_out"');
  });
});
