import { invalidModel, quote } from '../../format-errors.ts';
import { asText } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireWeights } from '../weight-layout.ts';
import { applyActivation } from './activations.ts';
import { formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

/**
 * Emits an EinsumDense: the sum of products that its equation tells, `abc,cd->abd`, with axes that it elides, `...x`.
 * The bias has the sizes of the output, or 1, from its first axis on.
 */
export function einsumDense(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, config['bias_axes'] ? 2 : 1);
  const equation = asText(config['equation'])?.replaceAll(/\s/g, '') ?? '';
  const term = String.raw`(?:\.\.\.)?[a-zA-Z]+|[a-zA-Z]+\.\.\.`;
  const terms = new RegExp(`^(${term}),([a-zA-Z]+)->(${term})$`).exec(equation)?.slice(1);
  if (!terms) return invalidModel(`equation ${quote(equation)} is not one of an input and a kernel`);
  const sizes = [null, ...x.shape];
  const unused = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !equation.includes(letter));
  const elided = unused.slice(0, sizes.length - terms[0]!.replace('...', '').length).join('');
  const [read = '', weights = '', given = ''] = terms.map((one) => one.replace('...', elided));
  if (read.length !== sizes.length || weights.length !== kernel!.shape.length)
    invalidModel(
      `equation ${quote(equation)} for ${formatShape(x.shape)} and weights of [${kernel!.shape.join(', ')}]`,
    );
  if (read[0] !== given[0] || weights.includes(read[0]!))
    invalidModel(`equation ${quote(equation)} does not keep the batch`);
  const sizeOf = new Map([...read].map((letter, axis) => [letter, sizes[axis]!]));
  for (const [axis, letter] of [...weights].entries()) {
    const size = kernel!.shape[axis]!;
    if ((sizeOf.get(letter) ?? size) !== size)
      invalidModel(`weights of [${kernel!.shape.join(', ')}] for ${formatShape(x.shape)}`);
    sizeOf.set(letter, size);
  }
  const shape = [...given].slice(1).map((letter) => sizeOf.get(letter)!);
  const inputs = [x.value, graph.constant(kernel!)];
  const isProduct =
    weights.length === 2 && read.endsWith(weights[0]!) && given === read.slice(0, -1) + weights[1]!;
  const product = isProduct
    ? graph.add('MatMul', inputs)
    : graph.add('Einsum', inputs, { equation: `${read},${weights}->${given}` });
  const value = bias ? graph.add('Add', [product, graph.constant(bias)]) : product;
  return applyActivation(config['activation'], { value, shape }, graph);
}
