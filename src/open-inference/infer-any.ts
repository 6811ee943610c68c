import type { GraphHandle } from '../engine/engine-interface.ts';
import type { AnyModel, ServedModel } from '../repository/repository-interface.ts';
import type { Deadlines, TaskContext } from '../tasks/context.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import { toWireTensorSignature } from './graph-tensors.ts';
import { lookUpTensors, toLookedUp } from './look-up-tensors.ts';
import { infer, type InferRequest } from './infer.ts';
import { inferOnLayers, layerSignature, type LayerModel } from './layer-tensors.ts';
import { sourceSignature, type Signature } from './tensor-signature.ts';
import type { WireTensor } from './tensor.ts';

/** How a model's tensors are computed. */
type TensorPath =
  /** The graph of its file, as it is. */
  | { readonly kind: 'graph'; readonly graph: GraphHandle }
  /** Its layers, which give what its graph gives, under its file's signature. */
  | { readonly kind: 'layers'; readonly model: LayerModel }
  /** Its task, on tensors of our own. */
  | { readonly kind: 'task'; readonly model: ServedModel };

export function findTensorPath(model: AnyModel): TensorPath {
  if (model.spec === null) return { kind: 'graph', graph: model.graph };
  const { graph, signature } = model;
  if (graph) return { kind: 'graph', graph };
  return signature ? { kind: 'layers', model: { ...model, signature } } : { kind: 'task', model };
}

/** A model's inputs and outputs, as its file has them. */
export function modelSignature(model: AnyModel): Signature {
  const { inputs, optional, outputs } = pathSignature(model);
  return { inputs: inputs.map((one) => toLookedUp(one, model.lookups)), optional, outputs };
}

function pathSignature(model: AnyModel): Signature {
  const path = findTensorPath(model);
  switch (path.kind) {
    case 'graph': {
      const { inputs, outputs } = path.graph.signature;
      return {
        inputs: inputs.map(toWireTensorSignature),
        optional: [],
        outputs: outputs.map(toWireTensorSignature),
      };
    }
    case 'layers':
      return layerSignature(path.model);
    case 'task':
      return sourceSignature(path.model);
  }
}

export interface AnyInferRequest extends InferRequest {
  /** All by default. */
  readonly outputs?: readonly { readonly name: string }[] | undefined;
}

/**
 * Computes a model's output tensors.
 * @throws UnrollError invalid_request for tensors that do not fit the model's signature, and whatever running it
 * throws
 */
export async function inferAny(
  context: TaskContext,
  model: AnyModel,
  call: Deadlines,
  request: AnyInferRequest,
): Promise<WireTensor[]> {
  const path = findTensorPath(model);
  const inputs = await lookUpTensors(model.lookups, request.inputs, context.limits, call.signal);
  const looked = { ...request, inputs };
  switch (path.kind) {
    case 'graph':
      return evaluateGraph(context, call, path.graph, looked, model.statistics);
    case 'layers':
      return inferOnLayers(context, { ...call, model: path.model }, looked);
    case 'task':
      return infer(context, { ...call, model: path.model }, looked);
  }
}
