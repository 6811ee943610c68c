import { UnrollError } from '../errors.ts';
import { padded } from '../kernel/emit/emitter.ts';
import type { Graph, Node } from '../network/graph.ts';
import { learningAttention } from './attention.ts';
import { learningBidirectional } from './bidirectional.ts';
import { checkCellLearns } from './cell-options.ts';
import { learningAdd, learningConcat, learningMultiply } from './combine.ts';
import { learningCrf, type LearningCrf } from './crf.ts';
import { learningDense } from './dense.ts';
import { learningDropout } from './dropout.ts';
import { learningEmbedding } from './embedding.ts';
import { learningLayerNorm } from './layer-norm.ts';
import type { Block, BuildContext, GateStatistics, LearningLayer, LearningRecurrent, Pass } from './layer.ts';
import type { LossSpec } from './optimise/loss.ts';
import { learningPool } from './pool.ts';
import { noWayBack, servesOnly } from './serves-only.ts';
import { learningRecurrent } from './recurrent.ts';

/** The layers of one graph, run in order and back. */
export interface LearningGraph {
  readonly width: number;
  readonly layers: readonly LearningLayer[];
  /** By node; only those that go forward in time, whose start a bridge may set. */
  readonly recurrent: readonly (LearningRecurrent | undefined)[];
  /** The last layer, where it is a crf. */
  readonly chain: LearningCrf | null;
  reset(): void;
  /** @param memory the encoder's rows, where there is one */
  forward(pass: Pass, x: Block, memory: Block | null): Block;
  /** @returns ∂L/∂memory, where something attends to it */
  backward(pass: Pass, dy: Block): Block | null;
  gateStatistics(): { node: string; gates: GateStatistics[] }[];
}

/** @param loss what squashes the last layer; null where the last layer's rows are read as they are */
export function createLearningGraph(
  context: BuildContext,
  { nodes }: Graph,
  loss: LossSpec['type'] | null,
): LearningGraph {
  const layers = nodes.map((node, index) =>
    learningLayer(context, node, index === nodes.length - 1 ? loss : null),
  );
  const directions = layers.flatMap((layer, index) => {
    const name = nodes[index]!.name;
    if ('directions' in layer)
      return (layer as ReturnType<typeof learningBidirectional>).directions.map((one, i) => ({
        name: `${name} ${['forward', 'backward'][i]}`,
        layer: one,
      }));
    return 'gateStatistics' in layer ? [{ name, layer: layer as LearningRecurrent }] : [];
  });
  const outputs: Block[] = [];
  const slopes = createSlopes(context, nodes);
  const attending = nodes.filter((node) => node.type === 'attention');
  const memorySlopes = createSum(
    attending.length > 1
      ? context.allocate(context.sourceCapacity.packed * padded(attending[0]!.memoryWidth))
      : null,
  );
  let lastPass: Pass | null = null;

  return {
    width: nodes.at(-1)!.width,
    layers,
    recurrent: layers.map((layer) => ('start' in layer ? (layer as LearningRecurrent) : undefined)),
    chain: nodes.at(-1)!.type === 'crf' ? (layers.at(-1) as LearningCrf) : null,
    reset: () => layers.forEach((layer) => layer.reset()),
    forward(pass, x, memory) {
      lastPass = pass;
      nodes.forEach((node, index) => {
        const read = node.inputs.map((input) => (input < 0 ? x : outputs[input]!));
        if (node.type === 'attention') read.push(memory!);
        outputs[index] = layers[index]!.forward(pass, read);
      });
      return outputs.at(-1)!;
    },
    backward(pass, dy) {
      slopes.clear();
      memorySlopes.clear();
      slopes.add(nodes.length - 1, dy, pass.packed);
      for (let index = nodes.length - 1; index >= 0; index--) {
        const arrived = slopes.of(index);
        if (!arrived) continue;
        const node = nodes[index]!;
        const dInputs = layers[index]!.backward(pass, arrived);
        node.inputs.forEach((input, i) => {
          if (input >= 0) slopes.add(input, dInputs[i]!, pass.packed);
        });
        if (node.type === 'attention')
          memorySlopes.add(dInputs[1]!, pass.source!.packed * padded(node.memoryWidth));
      }
      return memorySlopes.value();
    },
    gateStatistics: () =>
      lastPass
        ? directions.map(({ name, layer }) => ({ node: name, gates: layer.gateStatistics(lastPass!) }))
        : [],
  };
}

/** Gradients on their way back: a node that several read gets the sum, in the order of its readers from the last on. */
function createSlopes({ allocate, capacity }: BuildContext, nodes: readonly Node[]) {
  const sums = nodes.map(({ width }, index) => {
    const readers = nodes.flatMap(({ inputs }) => inputs).filter((input) => input === index).length;
    return createSum(readers > 1 ? allocate(capacity.packed * padded(width)) : null);
  });
  return {
    clear: (): void => sums.forEach((sum) => sum.clear()),
    of: (node: number): Block | null => sums[node]!.value(),
    add: (node: number, slope: Block, packed: number): void =>
      sums[node]!.add(slope, packed * padded(nodes[node]!.width)),
  };
}

/** One block as it is; from the second on, a sum in memory of its own. */
function createSum(own: Block | null) {
  let arrived: Block | null = null;
  return {
    clear(): void {
      arrived = null;
    },
    value: (): Block | null => arrived,
    add(slope: Block, length: number): void {
      if (arrived === null) {
        arrived = slope;
        return;
      }
      if (!own) throw new Error('more gradients arrive than there are readers');
      const before = arrived.values;
      for (let i = 0; i < length; i++) own.values[i] = before[i]! + slope.values[i]!;
      arrived = own;
    },
  };
}

function learningLayer(context: BuildContext, node: Node, loss: LossSpec['type'] | null): LearningLayer {
  const inner = node.inputWidths[0]!;
  switch (node.type) {
    case 'embedding':
      return learningEmbedding(context, node.tensors.weight, node.layer);
    case 'dropout':
      return learningDropout(context, {
        width: inner,
        ...(node.layer as { rate: number; steps: 'same' | 'each' }),
      });
    case 'dense':
      return learningDense(context, node.tensors, {
        inner,
        units: node.layer.units,
        activation: activationOf(node, loss),
      });
    case 'layer_norm':
      return learningLayerNorm(context, node.tensors, { width: inner, epsilon: node.layer.epsilon });
    case 'crf':
      return learningCrf(context, node.tensors, { labels: inner });
    case 'conv1d':
    case 'program':
      return cannotLearn(node);
    case 'pool':
      return node.layer.mode === 'attention'
        ? cannotLearn(node)
        : learningPool(context, { mode: node.layer.mode, width: inner });
    case 'attention':
      return learningAttention(context, node.tensors, {
        score: node.layer.score,
        units: node.layer.units,
        queryWidth: inner,
        memoryWidth: node.memoryWidth,
      });
    case 'recurrent': {
      const { forward, backward } = node.tensors;
      const { layer, name } = node;
      checkCellLearns(layer, name);
      return backward
        ? learningBidirectional(context, name, { forward, backward }, { layer, inner, ends: node.ends })
        : learningRecurrent(context, name, forward, { layer, inner, direction: 'forward' });
    }
    case 'concat':
      return learningConcat(context, node.inputWidths);
    case 'add':
      return learningAdd(context, node.inputWidths);
    case 'multiply':
      return learningMultiply(context, node.inputWidths);
  }
}

/** Layers that were made to serve others' models. @throws UnrollError invalid_model */
function cannotLearn({ name, layer }: Node): never {
  throw new UnrollError('invalid_model', `layer ${name}: ${servesOnly(layer)} ${noWayBack}`);
}

/** What a cross-entropy squashes itself, the last layer leaves as it is. */
function activationOf(
  { name, layer }: Extract<Node, { type: 'dense' }>,
  loss: LossSpec['type'] | null,
): 'linear' | 'relu' | 'tanh' | 'sigmoid' {
  const { activation } = layer;
  if (activation === 'softmax') {
    if (loss === 'softmax_cross_entropy') return 'linear';
    throw new UnrollError(
      'invalid_model',
      `layer ${name}: a softmax learns only as the last layer, with softmax_cross_entropy${loss ? `, not ${loss}` : ''}`,
    );
  }
  return activation === 'sigmoid' && loss === 'sigmoid_cross_entropy' ? 'linear' : activation;
}
