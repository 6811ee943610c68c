import { invalidModel, quote } from '../format-errors.ts';
import type { Graph } from './graph.ts';
import { createTensor, getNode, scalarNode } from './tensor-values.ts';
import { describe, type Tensor, type Value } from './values.ts';

/** An output by its name: its key in a dictionary, its field, or its place. */
export interface NamedOutput {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * Lists the outputs of forward: `output`, those of a tuple `output_0`, `output_1` …, or a dictionary's keys.
 * @throws UnrollError invalid_model for what is not a tensor
 */
export function listOutputs(graph: Graph, value: Value, name = 'output'): NamedOutput[] {
  switch (value.kind) {
    case 'tensor':
      getNode(value);
      return [{ name, tensor: value }];
    case 'scalar':
      return [{ name, tensor: createTensor(scalarNode(graph, value), value.type, []) }];
    case 'none':
      return [];
    case 'list':
      if (value.stacked)
        return invalidModel(`the output ${quote(name)} is a list with an item for each step`);
      return value.items.flatMap((item, i) => listOutputs(graph, item, `${name}_${i}`));
    case 'tuple':
      return value.items.flatMap((item, i) => listOutputs(graph, item, value.fields?.[i] ?? `${name}_${i}`));
    case 'dict': {
      const prefix = name === 'output' ? '' : `${name}_`;
      return [...value.entries].flatMap(([key, item]) => listOutputs(graph, item, `${prefix}${key}`));
    }
    default:
      return invalidModel(`the output ${quote(name)} is a ${describe(value)}`);
  }
}
