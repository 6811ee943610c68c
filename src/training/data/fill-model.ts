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
 * The model that is to learn: the job's network with the vocabularies and the number of outputs filled in where it leaves
 * them to the data. @throws UnrollError invalid_model, naming the field
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
  const squash = base ? null : squashOf(spec, modelOutputs);
  const network = base
    ? base.network
    : fillNetwork(spec.network!, { input, source, outputs, squash: squash! });
  checkEncoder(spec, network);
  checkChain(spec, network);
  checkCells(network);
  const resolved = resolveNetwork(network, input, source);
  const width = resolved.graph.nodes.at(-1)!.width;
  if (width !== outputs)
    throw new UnrollError(
      'invalid_model',
      `network.layers: the last layer gives ${width} outputs, the data has ${outputs}`,
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

const squashOf = ({ task }: TrainingSpec, { multiLabel }: Encoding['modelOutputs']): string =>
  task === 'predict' ? 'linear' : multiLabel ? 'sigmoid' : 'softmax';

function fillNetwork(
  { layers, encoder, bridge }: Draft,
  from: { input: NetworkInput; source: NetworkInput | null; outputs: number; squash: string },
): NetworkSpec {
  const { outputs } = from;
  const chained = layers.at(-1)!.type === 'crf';
  // a chain reads the scores as they are
  const squash = chained ? 'linear' : from.squash;
  const answers = layers.length - (chained ? 2 : 1);
  const filled = {
    layers: layers.map((layer, index) =>
      index === answers
        ? answering(withIds(layer, from.input), { outputs, squash })
        : withIds(layer, from.input),
    ),
    ...(encoder && { encoder: { layers: encoder.layers.map((layer) => withIds(layer, from.source)) } }),
    ...(bridge && { bridge }),
  };
  const parsed = networkSpec.safeParse(filled);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = ['network', ...path].join('.');
  throw new UnrollError('invalid_model', `${field}: ${message}`, { field });
}

/** An embedding's vocabulary is that of the ids it reads. */
function withIds(layer: LayerDraft, input: NetworkInput | null): LayerDraft {
  if (layer.type !== 'embedding' || layer['vocabulary'] !== undefined || input?.kind !== 'ids') return layer;
  const first = (layer['columns'] as { first?: number } | undefined)?.first ?? 0;
  return { ...layer, vocabulary: input.columns?.[first] ?? input.vocabulary };
}

function answering(layer: LayerDraft, { outputs, squash }: { outputs: number; squash: string }): LayerDraft {
  return layer.type === 'dense' ? { units: outputs, activation: squash, ...layer } : layer;
}

function checkEncoder({ task }: TrainingSpec, { encoder }: NetworkSpec): void {
  if ((task === 'decode') === (encoder !== undefined)) return;
  throw new UnrollError(
    'invalid_model',
    task === 'decode'
      ? 'network.encoder: decode needs one'
      : `network.encoder: ${task} has none, only decode`,
    { field: 'network.encoder' },
  );
}

function checkChain({ task, outputs }: TrainingSpec, { layers }: NetworkSpec): void {
  if (layers.at(-1)!.type !== 'crf' || (task === 'tag' && !outputs.multi_label)) return;
  throw new UnrollError('invalid_model', 'network.layers: a crf gives each token one label: it is for tag', {
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

/** Names in `frozen` must be there, or a typing error would train what should stay. */
function checkFrozen({ frozen }: TrainingSpec, { graph, encoder }: ReturnType<typeof resolveNetwork>): void {
  const nodes = [...(encoder?.graph.nodes ?? []), ...graph.nodes];
  const names = new Set(nodes.flatMap(({ name }) => [name, name.replace(/\.\d+$/, '')]));
  if (encoder) names.add('encoder').add('bridge');
  for (const name of frozen)
    if (!names.has(name))
      throw new UnrollError(
        'invalid_request',
        `frozen: there is no layer ${name}, but ${[...names].join(', ')}`,
        {
          field: 'frozen',
        },
      );
}
