import { keepNeeded, listReads } from '../../operators/get-bodies.ts';
import type {
  Dimension as SignatureSize,
  SignatureTensor,
  SignedGraph,
  TensorDatatype,
} from '../../operators/signature.ts';
import type { ValueKind } from './value-kind.ts';
import type { Archive } from './archive.ts';
import { resolve, type Dimension } from './dimensions.ts';
import { interpret } from './interpret.ts';
import type { InputSettings } from './inputs.ts';
import type { Tensor } from './values.ts';

const datatypes: Readonly<Record<ValueKind, TensorDatatype>> = {
  float: 'FP32',
  int: 'INT64',
  bool: 'BOOL',
};

/**
 * Converts an archive to an operator graph with the inputs and outputs of its forward. Sizes that the code
 * requires to be equal have the same name: `batch` and `time` where a recurrent operator or a loop over the steps
 * shows them.
 * @param settings from model.json
 * @throws UnrollError invalid_model with the place in the code, or what model.json must set
 */
export function torchscriptToGraph(archive: Archive, settings: InputSettings): SignedGraph {
  const { graph, inputs, outputs } = interpret(archive, settings);
  const nameSize = createSizeNames();
  const sign = (name: string, tensor: Tensor, isInput: boolean): SignatureTensor => ({
    name,
    value: tensor.node,
    datatype: datatypes[tensor.type.kind ?? 'float'],
    shape:
      tensor.shape && tensor.shape.map((size, axis) => nameSize(size, isInput ? `${name}.${axis}` : null)),
  });
  // the code may have written to an input since
  const signature = {
    inputs: inputs.map(({ name, value, tensor }) => ({ ...sign(name, tensor, true), value })),
    outputs: outputs.map(({ name, tensor }) => sign(name, tensor, false)),
  };
  const operators = keepNeeded(
    graph.operators,
    signature.outputs.map(({ value }) => value),
  );
  const read = new Set([...signature.outputs.map(({ value }) => value), ...operators.flatMap(listReads)]);
  return {
    signature,
    operators,
    constants: new Map([...graph.constants].filter(([name]) => read.has(name))),
  };
}

/** Names sizes: fixed ones are numbers; unknown ones of outputs alone have no name. */
function createSizeNames(): (size: Dimension, fallback: string | null) => SignatureSize {
  const names = new Map<Dimension, string>();
  const used = new Map<string, number>();
  return (size, fallback) => {
    const one = resolve(size);
    if (typeof one === 'number') return one;
    const known = names.get(one);
    if (known !== undefined) return known;
    const wanted = one.role ?? fallback;
    if (wanted === null) return null;
    const count = (used.get(wanted) ?? 0) + 1;
    used.set(wanted, count);
    const name = count === 1 ? wanted : `${wanted}_${count}`;
    names.set(one, name);
    return name;
  };
}
