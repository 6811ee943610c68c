import type { OnnxNode } from './read-onnx.ts';

/** Converts a node's attributes, except graphs and tensors, to those of an operator spec. */
export function toAttributes({
  attributes: given,
}: Pick<OnnxNode, 'attributes'>): Record<string, number | string | number[] | string[]> {
  const attributes: Record<string, number | string | number[] | string[]> = {};
  for (const [name, { f, i, s, floats, ints, strings, graph, t }] of given) {
    if (graph || t) continue;
    const one = f ?? i ?? s ?? (strings.length > 0 ? strings : floats.length > 0 ? floats : ints);
    attributes[name] = typeof one === 'object' ? ([...one] as number[] | string[]) : one;
  }
  return attributes;
}
