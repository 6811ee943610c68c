import { UnrollError } from '../../errors.ts';
import type { TensorDatatype } from '../../operators/signature.ts';
import type { TensorLookup } from '../../vocabulary/tensor-lookup.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { toKeras2, isKeras1 } from './keras-1.ts';
import type { KerasLayer, LayerCall, ModelMember, ModelTopology, TensorSource } from './keras-layer.ts';
import type { KerasModel } from './keras-model.ts';
import { checkComputeType, getComputeType } from './compute-type.ts';
import { createPaddingCheck } from './padding-check.ts';
import { readModelInput, type GraphInput } from './model-input.ts';
import { createGraphBuilder, type GraphBuilder, type GraphTensor } from './to-operators/graph-builder.ts';
import { emitLayer } from './to-operators/layers.ts';
import { isMaskOperation } from './to-operators/mask-operations.ts';
import { applyMaskArguments, elementTypes } from './to-operators/masks.ts';
import { createTextLookups, isTextLookup } from './to-operators/text-lookups.ts';
import { foldSteps, unfoldSteps } from './to-operators/time-distributed.ts';

// Runs through the calls of a model's layers once: each becomes operators.

export interface ConvertedModel {
  readonly graph: GraphBuilder;
  /** What `createPaddingCheck` found. */
  readonly padding: number | null;
  /** Those of the graph: ids where the file has texts. */
  readonly inputs: readonly GraphInput[];
  /** Inputs that are texts in the file and ids in the graph, by name. */
  readonly lookups: ReadonlyMap<string, TensorLookup>;
  /** Under the names that Keras gives them. */
  readonly outputs: readonly GraphOutput[];
}
export interface GraphOutput extends GraphTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
}
type Model = ModelTopology<KerasLayer>;

/**
 * @param options.masks false for a model whose masked steps are left out before it runs
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function convertModel(model: KerasModel, { masks = true } = {}): ConvertedModel {
  const graph = createGraphBuilder(model);
  const padding = createPaddingCheck();
  const lookups = createTextLookups();
  const missing: string[] = [];
  const { topology } = model;
  const byName = new Map(topology.members.map(({ layer }) => [layer.name, layer]));
  const inputNames = nameTensors(topology.inputs);
  const inputs = topology.inputs.map(({ layer }, i) =>
    readModelInput(
      byName.get(layer) ?? invalidModel(`the input ${quote(layer)} is no layer`),
      inputNames[i]!,
      i,
    ),
  );
  if (inputs.length === 0) invalidModel('the model has no input');

  const otherTypes = new Set<string>();
  /** Casts an input of doubles, as the first layer does in Keras. */
  const toFloat32 = (one: GraphInput): GraphTensor =>
    one.input.datatype === 'FP64'
      ? { ...one, value: graph.add('Cast', [one.value], { to: elementTypes.float }) }
      : one;
  /** An output in the type of its layer. */
  const withType = (one: GraphTensor, layer?: KerasLayer) => {
    if (one.tokens !== undefined) return { ...one, datatype: 'INT64' as const };
    const { datatype, element } = outputTypes[getComputeType(layer?.config ?? {})] ?? outputTypes['float32']!;
    const value = datatype === 'FP32' ? one.value : graph.add('Cast', [one.value], { to: element });
    return { ...one, value, datatype };
  };
  /** Converts one call. @returns its outputs */
  const convertCall = (
    { layer: written, model: nested }: ModelMember<KerasLayer>,
    { inputs: sources, options }: LayerCall,
    reads: readonly GraphTensor[],
  ): readonly GraphTensor[] => {
    if (nested) return convertNested(written, nested, orderInputs(nested, sources, reads));
    const layer = dropUnusedRows(isKeras1(model.version) ? toKeras2(written) : written, reads);
    if (isTextLookup(layer.className)) return [lookups.look(layer, reads)];
    lookups.read(reads);
    graph.enterLayer(layer.name);
    const type = getComputeType(layer.config);
    // TensorFlow.js computes in float32 whatever the file says
    if (!model.tfjs) checkComputeType(type);
    if (type !== 'float32') otherTypes.add(type);
    const named = reads.map((read, i) => ({ ...read, argument: sources[i]!.argument }));
    const from = applyMaskArguments(layer, named, graph).map((one) => (masks ? one : { ...one, mask: null }));
    if (!masks && layer.className === 'Masking') return from;
    const outputs = emitLayer({ ...layer, options }, from, graph);
    if (!isMaskOperation(layer.className)) padding.follow(layer, from, outputs);
    return outputs;
  };

  const convertNested = (
    layer: KerasLayer,
    nested: Model,
    reads: readonly GraphTensor[],
  ): readonly GraphTensor[] => {
    if (layer.className !== 'TimeDistributed') return convertCalls(nested, reads);
    const [x] = reads;
    if (!x || reads.length > 1) return invalidModel('TimeDistributed reads several inputs');
    return unfoldSteps(x, convertCalls(nested, [foldSteps(x, graph)]), graph);
  };

  /** Converts all calls of a model, each as soon as its inputs are there. */
  const convertCalls = (one: Model, given: readonly GraphTensor[]): readonly GraphTensor[] => {
    if (given.length !== one.inputs.length)
      invalidModel(`a model of ${one.inputs.length} inputs is called with ${given.length}`);
    // null: failed
    const values = new Map<string, readonly GraphTensor[] | null>();
    const toKey = ({ layer, call }: Pick<TensorSource, 'layer' | 'call'>): string => `${call} ${layer}`;
    one.inputs.forEach((input, i) => values.set(toKey(input), [given[i]!]));
    let pending = one.members.flatMap((member) =>
      member.calls.flatMap((call, i) => {
        const key = toKey({ layer: member.layer.name, call: i });
        return values.has(key) ? [] : [{ member, call, key }];
      }),
    );
    for (let before = -1; before !== pending.length;) {
      before = pending.length;
      pending = pending.filter(({ member, call, key }) => {
        if (call.inputs.some((source) => !values.has(toKey(source)))) return true;
        const { name, className } = member.layer;
        const where = `${quote(name)} (${className})`;
        const reads = call.inputs.map((source) => values.get(toKey(source))?.[source.tensor]);
        values.set(key, null);
        if (reads.length === 0 || reads.some((read) => read === undefined))
          missing.push(`${where} has an input that was not converted`);
        else
          try {
            values.set(key, convertCall(member, call, reads as GraphTensor[]));
          } catch (error) {
            if (!(error instanceof UnrollError)) throw error;
            missing.push(`${where}: ${error.message}`);
          }
        return false;
      });
    }
    return one.outputs.map(
      (source) =>
        values.get(toKey(source))?.[source.tensor] ??
        invalidModel(
          missing.length > 0
            ? 'an output was not converted'
            : `the output ${source.tensor} of ${quote(source.layer)} is computed by no layer`,
        ),
    );
  };
  const refuseMissing = (): void => {
    if (missing.length > 0)
      invalidModel(`${missing.length} layers cannot be converted: ${missing.slice(0, 10).join('; ')}`);
  };
  try {
    const outputs = convertCalls(topology, inputs.map(toFloat32));
    refuseMissing();
    for (const type of otherTypes)
      graph.addNote(
        `layers compute in ${type} in Keras, and in float32 here: numbers differ by the rounding`,
        '',
      );
    lookups.read(outputs);
    const names = nameTensors(topology.outputs);
    return {
      graph,
      padding: padding.found(),
      inputs: inputs.map((one) => lookups.replaceInput(one)),
      lookups: lookups.list(),
      outputs: outputs.map((one, i) => ({
        ...withType(one, byName.get(topology.outputs[i]!.layer)),
        name: names[i]!,
      })),
    };
  } catch (error) {
    if (error instanceof UnrollError) refuseMissing();
    throw error;
  }
}

const outputTypes: Readonly<Record<string, { datatype: TensorDatatype; element: number }>> = {
  float32: { datatype: 'FP32', element: elementTypes.float },
  float64: { datatype: 'FP64', element: elementTypes.double },
};

/** Leaves the rows of a table out that are for more tokens than its vocabulary has (`max_tokens`). */
function dropUnusedRows(layer: KerasLayer, [x]: readonly GraphTensor[]): KerasLayer {
  const [table] = layer.weights;
  if (layer.className !== 'Embedding' || x?.tokens === undefined || table?.shape.length !== 2) return layer;
  const [rows, units] = table.shape as [number, number];
  if (rows < x.tokens) invalidModel(`its table has ${rows} rows, its vocabulary ${x.tokens} tokens`);
  const shape = [x.tokens, units];
  return { ...layer, weights: [{ shape, values: table.values.subarray(0, x.tokens * units) }] };
}

/** The inputs of a call in the model's order: a model that takes a list may be called with a dict of its inputs' names. */
function orderInputs(
  { inputs }: Model,
  sources: readonly TensorSource[],
  reads: readonly GraphTensor[],
): readonly GraphTensor[] {
  const byKey = new Map(sources.map(({ key }, i) => [key, reads[i]!]));
  const named = inputs.flatMap(({ key, layer }) => (key === undefined ? (byKey.get(layer) ?? []) : []));
  return named.length === inputs.length ? named : reads;
}

/** Names inputs or outputs by their keys, else by their layers; further ones of a name are numbered, as Keras does. */
function nameTensors(sources: readonly TensorSource[]): string[] {
  const names = new Set<string>();
  const counts = new Map<string, number>();
  return sources.map(({ key, layer }) => {
    const first = key ?? layer;
    let name = first;
    while (names.has(name)) {
      const count = counts.get(first) ?? 1;
      name = `${first}_${count}`;
      counts.set(first, count + 1);
    }
    names.add(name);
    return name;
  });
}
