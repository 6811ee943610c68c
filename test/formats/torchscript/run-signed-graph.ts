import { operandKind, type SignedGraph } from '../../../src/operators/signature.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import { runGraph } from '../../operators/run-graph.ts';

/** A tensor as the golden files have it. */
export interface GoldenTensor {
  readonly kind: Operand['kind'];
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/**
 * Evaluates a graph with its named inputs.
 * @returns its outputs by name, with the sizes that its signature declares checked
 */
export function runSignedGraph(
  { signature, operators, constants }: SignedGraph,
  inputs: Readonly<Record<string, GoldenTensor>>,
  floats: typeof Float32Array | typeof Float64Array,
): ReadonlyMap<string, Operand> {
  const sizes = new Map<string, number>();
  const check = (
    shape: SignedGraph['signature']['inputs'][number]['shape'],
    given: readonly number[],
  ): void => {
    if (shape?.length !== given.length)
      throw new Error(`[${given.join()}], the signature says [${shape?.join()}]`);
    shape.forEach((size, i) => {
      const known = typeof size === 'string' ? (sizes.get(size) ?? given[i]!) : (size ?? given[i]!);
      if (typeof size === 'string') sizes.set(size, known);
      if (known !== given[i]) throw new Error(`[${given.join()}], the signature says [${shape.join()}]`);
    });
  };
  const values = new Map(constants);
  for (const { name, value, datatype, shape } of signature.inputs) {
    const given = inputs[name]!;
    const kind = operandKind(datatype);
    if (given.kind !== kind)
      throw new Error(`${name} is ${datatype} in the signature, ${given.kind} for PyTorch`);
    check(shape, given.shape);
    // lengths decide shapes: as they are in a call, they are known
    values.set(value, {
      kind,
      shape: given.shape,
      values: kind === 'float' ? floats.from(given.values) : Float64Array.from(given.values),
      known: kind === 'int',
    });
  }
  const outputs = runGraph(
    { operators, outputs: signature.outputs.map(({ value }) => value) },
    values,
    floats,
  );
  return new Map(
    signature.outputs.map(({ name, datatype, shape }, i) => {
      const output = outputs[i]!;
      if (output.kind !== operandKind(datatype)) throw new Error(`${name}: ${output.kind}, not ${datatype}`);
      check(shape, output.shape);
      return [name, output];
    }),
  );
}
