import { UnrollError } from '../../errors.ts';
import { resolveNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkInput } from '../../network/input.ts';
import {
  modelSpec,
  networkSpec,
  type ModelSpec,
  type NetworkSpec,
  type TextInput,
} from '../../network/spec.ts';
import { toIdsInput } from '../../vocabulary/ids-input.ts';
import { findLayerLearning } from '../../network/layers/learn-registry.ts';
import type { TrainingSpec } from '../training-spec.ts';
import type { Encoding } from './encoding.ts';
import type { PreparedTraining } from './prepared.ts';

type Draft = NonNullable<TrainingSpec['network']>;
type LayerDraft = Draft['layers'][number];

/**
 * Creates the model to train: the job's network, with the vocabularies and the number of outputs that it
 * omits taken from the data. @throws UnrollError invalid_model, naming the field
 */
export function fillModel(
  spec: TrainingSpec,
  encoding: Encoding,
  base: ModelSpec | null,
): Pick<PreparedTraining, 'model' | 'input' | 'source'> {
  const { inputs, outputs, modelOutputs } = encoding;
  const target = modelOutputs.vocabulary;
  const source = target ? toIdsInput(inputs as TextInput) : null;
  const input: NetworkInput = target
    ? toIdsInput(target)
    : inputs.kind === 'text'
      ? toIdsInput(inputs)
      : { kind: 'features', width: inputs.features.length };
  const activation = base ? null : chooseActivation(spec, modelOutputs);
  const network = base
    ? base.network
    : fillNetwork(spec.network!, { input, source, outputs, activation: activation! });
  checkEncoder(spec, network);
  checkCrf(spec, network);
  checkCells(network);
  const resolved = resolveNetwork(network, input, source);
  const width = resolved.graph.nodes.at(-1)!.width;
  if (width !== outputs)
    throw new UnrollError(
      'invalid_model',
      `network.layers: the last layer has ${width} outputs, the data needs ${outputs}`,
      { field: `network.layers.${network.layers.length - 1}` },
    );
  const model = modelSpec.safeParse({
    schema: 1,
    name: spec.model,
    task: spec.task,
    description: spec.description || (base?.description ?? ''),
    inputs,
    network,
    outputs: { ...base?.outputs, ...modelOutputs },
    decoding: spec.decoding ?? base?.decoding ?? {},
  });
  if (!model.success) {
    const { path, message } = model.error.issues[0]!;
    throw new UnrollError('invalid_model', `${path.join('.')}: ${message}`, { field: path.join('.') });
  }
  checkFrozen(spec, resolved);
  return { model: model.data, input, source };
}

const chooseActivation = ({ task }: TrainingSpec, { multiLabel }: Encoding['modelOutputs']): string =>
  task === 'predict' ? 'linear' : multiLabel ? 'sigmoid' : 'softmax';

function fillNetwork(
  { layers, encoder, bridge }: Draft,
  context: { input: NetworkInput; source: NetworkInput | null; outputs: number; activation: string },
): NetworkSpec {
  const { outputs } = context;
  const endsInCrf = layers.at(-1)!.type === 'crf';
  // a crf reads unnormalised scores
  const activation = endsInCrf ? 'linear' : context.activation;
  const outputLayer = layers.length - (endsInCrf ? 2 : 1);
  const filled = {
    layers: layers.map((layer, index) =>
      index === outputLayer
        ? withOutputs(withIds(layer, context.input), { outputs, activation })
        : withIds(layer, context.input),
    ),
    ...(encoder && { encoder: { layers: encoder.layers.map((layer) => withIds(layer, context.source)) } }),
    ...(bridge && { bridge }),
  };
  const parsed = networkSpec.safeParse(filled);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = ['network', ...path].join('.');
  throw new UnrollError('invalid_model', `${field}: ${message}`, { field });
}

/** Sets an embedding's vocabulary to that of the ids it reads. */
function withIds(layer: LayerDraft, input: NetworkInput | null): LayerDraft {
  if (layer.type !== 'embedding' || layer['vocabulary'] !== undefined || input?.kind !== 'ids') return layer;
  const first = (layer['columns'] as { first?: number } | undefined)?.first ?? 0;
  return { ...layer, vocabulary: input.columns?.[first] ?? input.vocabulary };
}

function withOutputs(
  layer: LayerDraft,
  { outputs, activation }: { outputs: number; activation: string },
): LayerDraft {
  return layer.type === 'dense' ? { units: outputs, activation, ...layer } : layer;
}

/** @throws UnrollError invalid_model */
export function checkEncoder(
  { task }: Pick<TrainingSpec, 'task'>,
  { encoder }: { readonly encoder?: unknown },
): void {
  if ((task === 'decode') === (encoder !== undefined)) return;
  throw new UnrollError(
    'invalid_model',
    task === 'decode'
      ? 'network.encoder: is required for decode'
      : `network.encoder: is only for decode, the task is ${task}`,
    { field: 'network.encoder' },
  );
}

/** @throws UnrollError invalid_model */
export function checkCrf(
  { task, outputs }: Pick<TrainingSpec, 'task' | 'outputs'>,
  { layers }: { readonly layers: readonly { readonly type: string }[] },
): void {
  if (layers.at(-1)!.type !== 'crf' || (task === 'tag' && !outputs.multi_label)) return;
  throw new UnrollError('invalid_model', 'network.layers: a crf is only for tag with one label a token', {
    field: `network.layers.${layers.length - 1}`,
  });
}

function checkCells({ layers, encoder }: NetworkSpec): void {
  for (const [prefix, list] of [
    ['', layers],
    ['encoder.', encoder?.layers ?? []],
  ] as const)
    list.forEach((layer, index) =>
      findLayerLearning(layer.type)?.check?.(
        layer,
        `${prefix}${layer.name ?? `${layer.type}_${index}`}`,
        `network.${prefix}layers.${index}`,
      ),
    );
}

/**
 * Checks that every name in `frozen` is a layer: a misspelt one would be trained.
 * @throws UnrollError invalid_request
 */
export function checkFrozen(
  { frozen }: Pick<TrainingSpec, 'frozen'>,
  { graph, encoder }: ReturnType<typeof resolveNetwork>,
): void {
  const nodes = [...(encoder?.graph.nodes ?? []), ...graph.nodes];
  const names = new Set(nodes.flatMap(({ name }) => [name, name.replace(/\.\d+$/, '')]));
  if (encoder) names.add('encoder').add('bridge');
  for (const name of frozen)
    if (!names.has(name))
      throw new UnrollError(
        'invalid_request',
        `frozen: there is no layer ${name}; layers are ${[...names].join(', ')}`,
        {
          field: 'frozen',
        },
      );
}
