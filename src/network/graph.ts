import { UnrollError } from '../errors.ts';
import { idColumns, type NetworkInput } from './input.ts';
import { findLayerKind, type Node } from './layers/registry.ts';
import type { NetworkSpec } from './spec.ts';

export type { Node } from './layers/registry.ts';

// A network's layers as nodes in the order they run: names resolved, a stack one node a level, widths and
// tensors known.

export interface Graph {
  readonly nodes: readonly Node[];
  /** Features of a step; 0 when a step is an id. */
  readonly inputWidth: number;
  /** Whether the output at a step depends on no later step. */
  readonly causal: boolean;
}

const networkInputName = 'input';

/**
 * @param place.prefix precedes the names of nodes and tensors: those of an encoder begin with `encoder.`
 * @param place.memoryWidth columns of the encoder's output; 0 where there is none, and then nothing can
 * attend to it
 * @throws UnrollError invalid_model, naming the layer
 */
export function resolveGraph(
  spec: Pick<NetworkSpec, 'layers'>,
  input: NetworkInput,
  { prefix = '', memoryWidth = 0 }: { prefix?: string; memoryWidth?: number } = {},
): Graph {
  const nodes: Node[] = [];
  const byName = new Map<string, number>([[networkInputName, -1]]);
  const inputWidth = input.kind === 'features' ? input.width : 0;

  spec.layers.forEach((layer, index) => {
    const kind = findLayerKind(layer.type);
    const name = layer.name ?? `${layer.type}_${index}`;
    const fail = (what: string, field = ''): never => {
      throw new UnrollError('invalid_model', `layer ${prefix}${name}: ${what}`, {
        field: `network.${prefix}layers.${index}${field && `.${field}`}`,
      });
    };
    if (byName.has(name)) fail('its name is taken by the network input or an earlier layer');
    const inputs = layer.inputs
      ? layer.inputs.map((source) => byName.get(source) ?? fail(`reads ${source}, which is no earlier layer`))
      : [nodes.length - 1];
    if (inputs.length > 1 && !kind.severalInputs) fail(`takes one input, was given ${inputs.length}`);
    const ids = inputs.some((node) => node < 0) && input.kind === 'ids' ? idColumns(input) : null;
    if (ids && !kind.readsIds?.(layer)) fail('reads ids, which only an embedding can');
    const resolved = kind.resolve(layer, {
      name: `${prefix}${name}`,
      inputs,
      inputWidths: inputs.map((node) => (node < 0 ? inputWidth : nodes[node]!.width)),
      index: nodes.length,
      before: nodes[inputs[0]!],
      isLast: index === spec.layers.length - 1,
      ids,
      memoryWidth,
      fail,
    });
    nodes.push(...([resolved].flat() as Node[]));
    byName.set(name, nodes.length - 1);
  });

  const causal = !spec.layers.some((layer) => findLayerKind(layer.type).looksAhead?.(layer));
  return { nodes, inputWidth, causal };
}
