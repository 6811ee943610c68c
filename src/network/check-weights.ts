import { findCell } from '../cells/registry.ts';
import { tensorShapes as cellTensorShapes } from '../cells/weights.ts';
import { UnrollError } from '../errors.ts';
import type { Graph, Node } from './graph.ts';
import type { Weights } from './weights.ts';

/** The tensors a node reads, with their shapes. */
export function tensorShapes(node: Node): [tensor: string, shape: readonly number[]][] {
  const inner = node.inputWidths[0]!;
  if (node.type === 'embedding') return [[node.tensors.weight, [node.layer.vocabulary, node.layer.units]]];
  if (node.type === 'layer_norm')
    return [
      [node.tensors.weight, [inner]],
      [node.tensors.bias, [inner]],
    ];
  if (node.type === 'crf')
    return [
      [node.tensors.transitions, [inner, inner]],
      [node.tensors.start, [inner]],
      [node.tensors.end, [inner]],
    ];
  if (node.type === 'conv1d')
    return [
      [node.tensors.weight, [node.layer.units, inner, node.layer.kernel]],
      [node.tensors.bias, [node.layer.units]],
    ];
  if (node.type === 'pool') return node.layer.mode === 'attention' ? [[node.tensors.weight, [inner]]] : [];
  if (node.type === 'attention') return attentionShapes(node, inner);
  if (node.type === 'program')
    return Object.entries(node.layer.constants).map(([name, shape]) => [node.tensors[name]!, shape]);
  if (node.type === 'dense')
    return [
      [node.tensors.weight, [node.layer.units, inner]],
      [node.tensors.bias, [node.layer.units]],
    ];
  if (node.type !== 'recurrent') return [];
  const { forward, backward } = node.tensors;
  const shapes = cellTensorShapes(findCell(node.layer), {
    ...node.layer,
    inner,
    initialState: node.layer.initial_state,
  });
  return [forward, ...(backward ? [backward] : [])].flatMap((names) =>
    shapes.map(([part, shape]): [string, readonly number[]] => [names[part]!, shape]),
  );
}

function attentionShapes(
  { layer, tensors, memoryWidth }: Extract<Node, { type: 'attention' }>,
  queryWidth: number,
): [tensor: string, shape: readonly number[]][] {
  const { score, units } = layer;
  if (score === 'dot') return [];
  if (score === 'general') return [[tensors.weight, [queryWidth, memoryWidth]]];
  return [
    [tensors.query, [units, queryWidth]],
    [tensors.memory, [units, memoryWidth]],
    [tensors.bias, [units]],
    [tensors.vector, [units]],
  ];
}

/** @throws UnrollError invalid_weights, naming the layer, the tensor, the shape wanted and the one seen */
export function checkWeights({ nodes }: Graph, weights: Weights): void {
  checkTensors(
    nodes.map((node) => [`layer ${node.name}`, tensorShapes(node)]),
    weights,
  );
}

/** @param owners who reads which tensors: the weights hold all of them and no others */
export function checkTensors(
  owners: readonly (readonly [owner: string, tensors: readonly (readonly [string, readonly number[]])[]])[],
  weights: Weights,
): void {
  const wanted = new Set<string>();
  const shown = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
  for (const [owner, tensors] of owners)
    for (const [name, shape] of tensors) {
      wanted.add(name);
      const tensor = weights.get(name);
      const where = `${owner}: tensor ${name}`;
      if (!tensor) throw new UnrollError('invalid_weights', `${where} ${shown(shape)} is missing`);
      if (shown(tensor.shape) !== shown(shape))
        throw new UnrollError(
          'invalid_weights',
          `${where} must be ${shown(shape)}, is ${shown(tensor.shape)}`,
        );
    }
  const surplus = [...weights.keys()].filter((name) => !wanted.has(name));
  if (surplus.length > 0)
    throw new UnrollError(
      'invalid_weights',
      `${surplus.length} tensors belong to no layer: ${surplus.slice(0, 5).join(', ')}${surplus.length > 5 ? ', …' : ''}`,
    );
}
