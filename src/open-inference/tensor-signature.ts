import { countOutputRows, isSequenceToOne } from '../network/sequence-to-one.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Datatype } from './datatypes.ts';
import { tensorNames } from './tensor-names.ts';

export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** −1 for the batch and the time axis. */
  readonly shape: readonly number[];
}
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  /** Inputs that may be omitted, or replace others. */
  readonly optional: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

const lengths: TensorSignature = { name: 'lengths', datatype: 'INT64', shape: [-1] };
const tensor = (name: string, datatype: Datatype, ...shape: number[]): TensorSignature => ({
  name,
  datatype,
  shape,
});

/** The tokens of texts, and where they are, in UTF-16 units; a request of ids has none. */
const tokenTensors = [
  tensor('tokens', 'BYTES', -1, -1),
  tensor('starts', 'INT64', -1, -1),
  tensor('ends', 'INT64', -1, -1),
];

/** A model's inputs and outputs under the names of its source file, where it has them. */
export function sourceSignature(model: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, optional, outputs } = nativeSignature(model);
  const { toSource } = tensorNames(model.spec);
  const renamed = (list: readonly TensorSignature[]): TensorSignature[] =>
    list.map((one) => ({ ...one, name: toSource(one.name) }));
  return { inputs: renamed(inputs), optional: renamed(optional), outputs: renamed(outputs) };
}

/** A model's inputs and outputs under the server's own names. */
export function nativeSignature({ spec, network }: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, task } = spec;
  const accepted =
    inputs.kind === 'text'
      ? {
          inputs: [tensor('input', 'BYTES', -1)],
          optional: task === 'generate' ? [] : [tensor('ids', 'INT64', -1, -1), lengths],
        }
      : { inputs: [tensor('input', 'FP32', -1, -1, inputs.features.length)], optional: [lengths] };
  const width = network.info.outputWidth;
  switch (task) {
    case 'classify':
      return { ...accepted, outputs: [tensor('label', 'BYTES', -1), tensor('scores', 'FP32', -1, width)] };
    case 'tag':
      return {
        ...accepted,
        outputs: [
          tensor('labels', 'BYTES', -1, -1),
          tensor('scores', 'FP32', -1, -1),
          lengths,
          ...(inputs.kind === 'text' ? tokenTensors : []),
        ],
      };
    case 'predict': {
      const rows = countOutputRows(spec.network);
      if (rows > 1) return { ...accepted, outputs: [tensor('output', 'FP32', -1, rows, width / rows)] };
      return isSequenceToOne(spec.network)
        ? { ...accepted, outputs: [tensor('output', 'FP32', -1, width)] }
        : { ...accepted, outputs: [tensor('output', 'FP32', -1, -1, width), lengths] };
    }
    default:
      return { ...accepted, outputs: [tensor('text', 'BYTES', -1)] };
  }
}
