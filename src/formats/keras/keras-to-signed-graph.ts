import type { Operand } from '../../operators/operand.ts';
import type { Dimension, SignatureTensor, SignedGraph, TensorDatatype } from '../../operators/signature.ts';
import type { ConvertedModel } from './convert-model.ts';
import type { GraphTensor } from './to-operators/graph-builder.ts';

/** The operator graph of a model, with all its inputs and outputs as Keras names and orders them. */
export function kerasToSignedGraph({ graph, inputs, outputs }: ConvertedModel): SignedGraph {
  const describe = (
    name: string,
    { value, shape }: GraphTensor,
    datatype: SignatureTensor['datatype'],
  ): SignatureTensor => ({ name, value, datatype, shape: ['batch', ...shape] satisfies Dimension[] });
  const constants = new Map<string, Operand>();
  for (const [name, tensor] of graph.floats)
    constants.set(name, { kind: 'float', shape: tensor.shape, values: tensor.values, known: true });
  for (const [name, { kind, shape, values }] of graph.whole)
    constants.set(name, { kind, shape, values: Float64Array.from(values), known: true });
  return {
    signature: {
      inputs: inputs.map((one) => describe(one.input.name, one, one.input.datatype as TensorDatatype)),
      outputs: outputs.map((one) => describe(one.name, one, one.datatype)),
    },
    operators: graph.operators,
    constants,
  };
}
