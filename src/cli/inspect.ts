import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UnrollError } from '../errors.ts';
import type { ImportedNetwork } from '../formats/imported-network.ts';
import { listCandidates } from '../formats/onnx/list-candidates.ts';
import type { GraphSettings } from '../formats/onnx/graph-settings.ts';
import { foldSignedGraph } from '../formats/operators/fold-signed-graph.ts';
import type { ImportedFile } from '../formats/read-imported.ts';
import { formatSignature } from './format-signature.ts';
import { parseGraphOptions, type GraphOptions } from './graph-options.ts';
import { toModelTemplate } from '../formats/pytorch/model-template.ts';
import { readModelFile } from './read-model-file.ts';
import { readPrecision } from './read-precision.ts';
import { formatNetwork } from './format-network.ts';

const maxListedArrays = 60;

interface InspectOptions extends GraphOptions {
  /** Print a model.json to complete in place of the content. */
  readonly template?: boolean | undefined;
}

/**
 * unroll inspect FILE: prints the content of a model file and how it can be served.
 * @returns the exit code
 */
export async function inspectCommand(
  path: string,
  options: InspectOptions = {},
  print: (line: string) => void = console.log,
): Promise<number> {
  const file = await readModelFile(path);
  if (options.template) return printTemplate(basename(path), file, print);
  const { size } = await stat(path);
  const { format, arrays } = file;
  print(`${basename(path)}: ${format}, ${size.toLocaleString('en')} bytes`);
  const precision = await readPrecision(path);
  if (precision) print(`precision: ${precision}, which model.json beside it sets`);
  print(`arrays: ${arrays.size}`);
  const longest = Math.max(...[...arrays.keys()].map(({ length }) => length));
  for (const [name, { shape }] of [...arrays].slice(0, maxListedArrays))
    print(`  ${name.padEnd(longest)}  [${shape.join(', ')}]`);
  if (arrays.size > maxListedArrays) print(`  and ${arrays.size - maxListedArrays} more`);
  for (const note of file.notes) print(`note: ${note}`);
  try {
    const graph = file.graph && foldSignedGraph(file.graph());
    const given = parseGraphOptions(options);
    const network = readNetwork(file, given);
    if (graph) {
      const onLayers = typeof network !== 'string' && network.givesTensors === true;
      for (const line of formatSignature(graph, onLayers, file.lookups?.())) print(line);
    }
    if (typeof network === 'string') {
      print(`runs on no sequences: ${network}`);
      print('can be served over /v2 only: put it into models/NAME/1/');
      // of Keras' files nothing is left open that a model.json could say
      if (file.lookups) return 0;
      print(
        'for sequences, a model.json says what could not be derived; keep what is needed, and one of each list:',
      );
      const candidates = listCandidates(file.graph!().signature);
      print(JSON.stringify({ weights: { file: basename(path) }, graph: candidates }));
      return 0;
    }
    for (const line of formatNetwork(network)) print(line);
    if (given) {
      const { set, shapes, states, context } = given;
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
    if (format !== 'ONNX') print('needs a model.json with `network` and `weights` (docs/model-format.md)');
    return 1;
  }
}

/** @returns its network, or why a file with a graph has none @throws UnrollError where it has no graph either */
function readNetwork(file: ImportedFile, settings: GraphSettings | undefined): ImportedNetwork | string {
  try {
    return file.network(settings);
  } catch (error) {
    // what the user asks for is done or refused
    if (!file.graph || settings || !(error instanceof UnrollError)) throw error;
    return error.message;
  }
}

/** Prints a model.json to complete, and on the error stream, so that it can be redirected, what to decide. */
function printTemplate(name: string, { arrays }: ImportedFile, print: (line: string) => void): number {
  const { spec, questions } = toModelTemplate(name, arrays);
  print(JSON.stringify(spec, null, 2));
  console.error(
    [
      'Complete every "one of: …", and put it beside the file into models/NAME/1/ or run unroll import FILE --name NAME --spec model.json.',
      ...questions.map((question) => `- ${question}`),
    ].join('\n'),
  );
  return 0;
}
