import { answerRows, answersOnce } from '../network/answers-once.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Datatype } from './datatypes.ts';
import { tensorNames } from './tensor-names.ts';

export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** −1 for the batch and for time. */
  readonly shape: readonly number[];
}
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  /** Inputs that may be left out, or stand in for others. */
  readonly optional: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

const lengths: TensorSignature = { name: 'lengths', datatype: 'INT64', shape: [-1] };
const tensor = (name: string, datatype: Datatype, ...shape: number[]): TensorSignature => ({
  name,
  datatype,
  shape,
});

/** What a model takes and gives, by the names that its file has where it has any. */
export function sourceSignature(model: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, optional, outputs } = nativeSignature(model);
  const { toSource: theirs } = tensorNames(model.spec);
  const renamed = (list: readonly TensorSignature[]): TensorSignature[] =>
    list.map((one) => ({ ...one, name: theirs(one.name) }));
  return { inputs: renamed(inputs), optional: renamed(optional), outputs: renamed(outputs) };
}

/** The same by the server's own names. */
export function nativeSignature({ spec, network }: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, task } = spec;
  const reads =
    inputs.kind === 'text'
      ? {
          inputs: [tensor('input', 'BYTES', -1)],
          optional: task === 'generate' ? [] : [tensor('ids', 'INT64', -1, -1), lengths],
        }
      : { inputs: [tensor('input', 'FP32', -1, -1, inputs.features.length)], optional: [lengths] };
  const width = network.info.outputWidth;
  switch (task) {
    case 'classify':
      return { ...reads, outputs: [tensor('label', 'BYTES', -1), tensor('scores', 'FP32', -1, width)] };
    case 'tag':
      return {
        ...reads,
        outputs: [tensor('labels', 'BYTES', -1, -1), tensor('scores', 'FP32', -1, -1), lengths],
      };
    case 'predict': {
      const rows = answerRows(spec.network);
      if (rows > 1) return { ...reads, outputs: [tensor('output', 'FP32', -1, rows, width / rows)] };
      return answersOnce(spec.network)
        ? { ...reads, outputs: [tensor('output', 'FP32', -1, width)] }
        : { ...reads, outputs: [tensor('output', 'FP32', -1, -1, width), lengths] };
    }
    default:
      return { ...reads, outputs: [tensor('text', 'BYTES', -1)] };
  }
}
