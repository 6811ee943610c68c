import type { GraphSignature } from '../operators/signature.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext } from '../tasks/context.ts';
import { invalidField } from '../tasks/invalid-field.ts';
import { checkTensor, findOutputs, toWireTensorSignature } from './graph-tensors.ts';
import { infer } from './infer.ts';
import type { Signature } from './tensor-signature.ts';
import type { WireTensor } from './tensor.ts';

// The tensors of an imported file whose layers give what its graph gives: its one input is a batch of sequences,
// its one output a row for each step or sequence. The layers run them batched by step.

/** A model with its file's signature. */
export type LayerModel = ServedModel & { readonly signature: GraphSignature };

/**
 * The file's tensors; besides them, and optional: the lengths of a ragged batch, and texts instead of ids. A file with
 * texts of its own has neither: its library fills a batch of them up.
 */
export function layerSignature(model: LayerModel): Signature {
  const { inputs, outputs } = model.signature;
  const names = addedNames(model);
  return {
    inputs: inputs.map(toWireTensorSignature),
    optional: [
      ...(names.lengths === null ? [] : [{ name: names.lengths, datatype: 'INT64' as const, shape: [-1] }]),
      ...(names.text === null ? [] : [{ name: names.text, datatype: 'BYTES' as const, shape: [-1] }]),
    ],
    outputs: outputs.map(toWireTensorSignature),
  };
}

/** Names of what the file does not have; longer where it has a tensor of that name. */
function addedNames({ signature, spec, lookups }: LayerModel): {
  lengths: string | null;
  text: string | null;
} {
  if (lookups.length > 0) return { lengths: null, text: null };
  const taken = new Set([...signature.inputs, ...signature.outputs].map(({ name }) => name));
  const free = (name: string): string => (taken.has(name) ? free(`unroll.${name}`) : name);
  return { lengths: free('lengths'), text: spec.inputs.kind === 'text' ? free('text') : null };
}

/**
 * Runs a batch of the file's input. @param requested outputs, all by default
 * @throws UnrollError invalid_request for tensors that do not fit, and whatever the task throws
 */
export async function inferOnLayers(
  context: TaskContext,
  call: Call & { readonly model: LayerModel },
  {
    inputs,
    outputs: requested,
    binary,
  }: {
    readonly inputs: readonly WireTensor[];
    readonly outputs?: readonly { readonly name: string }[] | undefined;
    readonly binary: boolean;
  },
): Promise<WireTensor[]> {
  const { model } = call;
  const [input] = model.signature.inputs;
  const [output] = model.signature.outputs;
  findOutputs(model.signature, requested);
  const { lengths, text } = addedNames(model);
  const readsIds = model.spec.inputs.kind === 'text';
  const native = new Map([[input!.name, readsIds ? 'ids' : 'input']]);
  if (lengths !== null) native.set(lengths, 'lengths');
  if (text !== null) native.set(text, 'input');
  const named = inputs.map((tensor, i) => ({
    ...tensor,
    name:
      native.get(tensor.name) ??
      invalidField(
        `inputs[${i}].name`,
        `must be one of ${[...native.keys()].join(', ')}, was ${JSON.stringify(tensor.name.slice(0, 64))}`,
      ),
  }));
  const given = inputs.find(({ name }) => name === input!.name);
  if (given) checkTensor(given, input!);
  else if (!inputs.some(({ name }) => name === text)) invalidField('inputs', `${input!.name} is missing`);
  if (given?.shape[0] === 0) {
    const width = model.network.info.outputWidth;
    const shape = output!.shape?.length === 3 ? [0, given.shape[1]!, width] : [0, width];
    return [{ name: output!.name, datatype: 'FP32', shape, values: new Float32Array(0) }];
  }
  const answers = await infer(
    context,
    { ...call, model: withoutSettings(model) },
    { inputs: named, binary, settings: {} },
  );
  return answers.slice(0, 1).map((tensor) => ({ ...tensor, name: output!.name }));
}

/** The model as its file has it, without what model.json adds: a task, names and scales. */
function withoutSettings(model: LayerModel): ServedModel {
  const { inputs, outputs } = model.spec;
  return {
    ...model,
    spec: {
      ...model.spec,
      task: 'predict',
      tensors: undefined,
      inputs:
        inputs.kind === 'text'
          ? inputs
          : { ...inputs, features: inputs.features.map((feature) => ({ ...feature, mean: 0, scale: 1 })) },
      outputs: { ...outputs, units: undefined },
    },
  };
}
