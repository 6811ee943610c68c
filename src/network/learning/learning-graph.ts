import { UnrollError } from '../../errors.ts';
import { padded } from '../../kernel/layout.ts';
import type { Graph, Node } from '../graph.ts';
import type { LearningCrf } from '../layers/crf/learn.ts';
import { findLayerLearning, inferenceOnly, whyInferenceOnly } from '../layers/learn-registry.ts';
import type { LearningBidirectional } from '../layers/recurrent/learn-bidirectional.ts';
import type { Block, BuildContext, GateStatistics, LearningLayer, LearningRecurrent, Pass } from './layer.ts';

/** The layers of one graph, run in order and back. */
export interface LearningGraph {
  readonly width: number;
  readonly layers: readonly LearningLayer[];
  /** By node; only those that run forward in time, whose first state a bridge may set. */
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

/** @param loss the loss, if it applies the last layer's activation itself; else null */
export function createLearningGraph(
  context: BuildContext,
  { nodes }: Graph,
  loss: string | null,
): LearningGraph {
  const layers = nodes.map((node, index) =>
    createLayer(context, node, index === nodes.length - 1 ? loss : null),
  );
  const directions = layers.flatMap((layer, index) => {
    const name = nodes[index]!.name;
    if ('directions' in layer)
      return (layer as LearningBidirectional).directions.map((one, i) => ({
        name: `${name} ${['forward', 'backward'][i]}`,
        layer: one,
      }));
    return 'gateStatistics' in layer ? [{ name, layer: layer as LearningRecurrent }] : [];
  });
  const outputs: Block[] = [];
  const slopes = createSlopes(context, nodes);
  const readsMemory = (node: Node): boolean => findLayerLearning(node.type)?.readsMemory === true;
  const attending = nodes.filter(readsMemory);
  const memorySlopes = createSum(
    attending.length > 1
      ? context.allocate(context.sourceCapacity.packed * padded(attending[0]!.width))
      : null,
  );
  let lastPass: Pass | null = null;

  return {
    width: nodes.at(-1)!.width,
    layers,
    recurrent: layers.map((layer) => ('start' in layer ? (layer as LearningRecurrent) : undefined)),
    chain: 'crf' in layers.at(-1)! ? (layers.at(-1) as LearningCrf) : null,
    reset: () => layers.forEach((layer) => layer.reset()),
    forward(pass, x, memory) {
      lastPass = pass;
      nodes.forEach((node, index) => {
        const read = node.inputs.map((input) => (input < 0 ? x : outputs[input]!));
        if (readsMemory(node)) read.push(memory!);
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
        if (readsMemory(node)) memorySlopes.add(dInputs[1]!, pass.source!.packed * padded(node.width));
      }
      return memorySlopes.value();
    },
    gateStatistics: () =>
      lastPass
        ? directions.map(({ name, layer }) => ({ node: name, gates: layer.gateStatistics(lastPass!) }))
        : [],
  };
}

/**
 * Gradients of the backward pass: a node with several readers gets their sum, from the last reader to the
 * first.
 */
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

/** The first block itself; from the second on, a sum in separate memory. */
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

/** @throws UnrollError invalid_model for a layer that cannot be trained */
function createLayer(context: BuildContext, node: Node, loss: string | null): LearningLayer {
  const reason = whyInferenceOnly(node.layer);
  const learning = findLayerLearning(node.type);
  if (reason !== null || !learning)
    throw new UnrollError('invalid_model', `layer ${node.name}: ${reason} ${inferenceOnly}`);
  learning.check?.(node.layer, node.name);
  return learning.create(context, node, loss);
}
