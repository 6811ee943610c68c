import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UnrollError } from '../errors.ts';
import { parseGraphOptions, type GraphOptions } from './graph-options.ts';
import { readModelFile } from './read-model-file.ts';
import { formatNetwork } from './format-network.ts';

const mostArrays = 60;

/** unroll inspect FILE: what a file of others holds, and what it would serve as. @returns the exit code */
export async function inspectCommand(
  path: string,
  options: GraphOptions = {},
  print: (line: string) => void = console.log,
): Promise<number> {
  const file = await readModelFile(path);
  const { size } = await stat(path);
  const { format, arrays } = file;
  print(`${basename(path)}: ${format}, ${size.toLocaleString('en')} bytes`);
  print(`arrays: ${arrays.size}`);
  const longest = Math.max(...[...arrays.keys()].map(({ length }) => length));
  for (const [name, { shape }] of [...arrays].slice(0, mostArrays))
    print(`  ${name.padEnd(longest)}  [${shape.join(', ')}]`);
  if (arrays.size > mostArrays) print(`  and ${arrays.size - mostArrays} more`);
  try {
    const graph = parseGraphOptions(options);
    for (const line of formatNetwork(file.network(graph))) print(line);
    if (graph) {
      const { set, shapes, states, context } = graph;
      const said = { set, shapes, ...(states && { states }), ...(context > 0 && { context }) };
      const spec = { weights: { file: basename(path) }, graph: said };
      print(
        `it can be served with this model.json beside it in models/NAME/1/, or run unroll import: ${JSON.stringify(spec)}`,
      );
    } else print('it can be served as it is: put it into models/NAME/1/, or run unroll import');
    return 0;
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    print(`network: ${error.message}`);
    if (format !== 'ONNX') print('it needs a model.json with `network` and `weights` (docs/model-format.md)');
    return 1;
  }
}
