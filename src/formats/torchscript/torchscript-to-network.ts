import { cellOfOperator } from '../../cells/registry.ts';
import { getBodies } from '../../operators/get-bodies.ts';
import type { SignatureTensor, SignedGraph } from '../../operators/signature.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import type { GraphSettings } from '../onnx/graph-settings.ts';
import { graphToNetwork } from '../graph-to-network.ts';
import type { ViewVerdict } from '../view-verdicts.ts';
import type { Archive } from './archive.ts';
import { torchscriptToGraph } from './torchscript-to-graph.ts';

// A TorchScript archive becomes an operator graph, which is converted as any other. Which input is the sequence must
// follow from the code, or be set in model.json.

const notes = ['written by PyTorch, as TorchScript'];

/**
 * Converts an archive's network.
 * @param settings from model.json
 * @param known of the same archive and settings
 * @throws UnrollError invalid_model with the place in the code, or what model.json must set
 */
export function torchscriptToNetwork(
  archive: Archive,
  settings?: GraphSettings,
  known?: ViewVerdict,
): ImportedNetwork & { readonly verdict: ViewVerdict } {
  const { set = {}, shapes = {} } = settings ?? {};
  const graph = torchscriptToGraph(archive, { set, shapes });
  checkRoles(graph, settings);
  if (!settings) return graphToNetwork(graph, { notes, known });
  // what is set is a constant of the graph already
  const open = Object.entries(shapes).filter(([name]) => !Object.hasOwn(set, name));
  return graphToNetwork(graph, {
    notes,
    known,
    settings: { ...settings, set: {}, shapes: Object.fromEntries(open) },
  });
}

/**
 * Requires that the graph or model.json tells which input is the sequence, which axis its steps are along, and
 * which output is served.
 */
function checkRoles(graph: SignedGraph, settings: GraphSettings | undefined): void {
  const { inputs, outputs } = graph.signature;
  const { states = {}, shapes = {}, output } = settings ?? {};
  const list = (tensors: readonly SignatureTensor[]): string =>
    tensors.map(({ name }) => quote(name)).join(', ');
  const sequences = inputs.filter(
    ({ name, value }) =>
      !Object.hasOwn(states, name) && !listPlacesRead(graph, value).every((place) => place === 4),
  );
  const [sequence] = sequences;
  if (!sequence || sequences.length > 1)
    return invalidModel(
      `forward has ${sequences.length} inputs besides states (${list(sequences)}): in model.json, graph.set sets one to numbers, graph.states gives the output with the next value of a state`,
    );
  const answers = outputs.filter(({ name }) => !Object.values(states).includes(name));
  if (answers.length > 1 && output === undefined)
    invalidModel(
      `forward has ${answers.length} outputs besides states (${list(answers)}): in model.json, graph.output gives the one that is served`,
    );
  if (!sequence.shape?.includes('time') && !Object.hasOwn(shapes, sequence.name))
    invalidModel(
      `no recurrent module shows which axis of ${quote(sequence.name)} is that of the steps: in model.json, graph.shapes gives its shape with −1 there`,
    );
}

/** The places at which recurrent operators read a value; −1 for every other reader. */
function listPlacesRead({ operators }: SignedGraph, value: string): number[] {
  return operators.flatMap((operator) => [
    ...operator.inputs.flatMap((name, i) =>
      name === value ? [cellOfOperator(operator.operator) ? i : -1] : [],
    ),
    ...getBodies(operator).flatMap((body) =>
      body.operators.some((one) => one.inputs.includes(value)) ? [-1] : [],
    ),
  ]);
}
