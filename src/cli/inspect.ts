import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UnrollError } from '../errors.ts';
import { parseGraphOptions, type GraphOptions } from './graph-options.ts';
import { listCandidates } from '../formats/onnx/list-candidates.ts';
import type { SignedGraph } from '../operators/signature.ts';
import { readModelFile } from './read-model-file.ts';
import { formatNetwork } from './format-network.ts';

const maxListedArrays = 60;

/**
 * unroll inspect FILE: prints the content of a model file and how it can be served.
 * @returns the exit code
 */
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
  for (const [name, { shape }] of [...arrays].slice(0, maxListedArrays))
    print(`  ${name.padEnd(longest)}  [${shape.join(', ')}]`);
  if (arrays.size > maxListedArrays) print(`  and ${arrays.size - maxListedArrays} more`);
  try {
    const graph = parseGraphOptions(options);
    for (const line of formatNetwork(file.network(graph))) print(line);
    if (graph) {
      const { set, shapes, states, context } = graph;
      const settings = { set, shapes, ...(states && { states }), ...(context > 0 && { context }) };
      const spec = { weights: { file: basename(path) }, graph: settings };
      print(
        `can be served: put it into models/NAME/1/ with this model.json, or run unroll import: ${JSON.stringify(spec)}`,
      );
    } else print('can be served: put it into models/NAME/1/, or run unroll import');
    return 0;
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    print(`network: ${error.message}`);
    if (file.graph) printCandidates(file.graph, basename(path), print);
    else print('needs a model.json with `network` and `weights` (docs/model-format.md)');
    return 1;
  }
}

/** Prints a model.json with what can be said of a graph. */
function printCandidates(graph: () => SignedGraph, file: string, print: (line: string) => void): void {
  let signature: SignedGraph['signature'];
  try {
    ({ signature } = graph());
  } catch (error) {
    // an operator that is not supported: nothing that can be said of the graph helps
    if (error instanceof UnrollError) return;
    throw error;
  }
  print('model.json can say what could not be derived; fill in what is needed, with one of each list:');
  print(JSON.stringify({ weights: { file }, graph: listCandidates(signature) }));
}
