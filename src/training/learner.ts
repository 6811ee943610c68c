import { UnrollError } from '../errors.ts';
import { clearVectorRegisters } from '../kernel/compile.ts';
import { instantiate } from '../kernel/instantiate.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Rng } from '../decoding/rng.ts';
import { resolveGraph, type Node } from '../network/graph.ts';
import type { Plan } from '../network/layers/layer.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Tensor, Weights } from '../network/weights.ts';
import { createCrossEntropy, type Targets } from './cross-entropy.ts';
import { learningDense } from './dense.ts';
import { learningDropout } from './dropout.ts';
import { learningEmbedding } from './embedding.ts';
import type { Block, BuildContext, Capacity, LearningLayer, Parameter, Pass } from './layer.ts';
import { learningMeanPool } from './mean-pool.ts';
import { learningRecurrent } from './recurrent.ts';

/** Sequences of ids in packed order, and what each step should answer. */
export interface Batch {
  readonly plan: Plan;
  readonly ids: Int32Array;
  readonly targets: Targets;
}

/** A network in kernel memory that learns to classify every step. */
export interface Learner {
  readonly parameters: readonly Parameter[];
  load(weights: Weights): void;
  save(): Weights;
  /** Forgets the states carried over from the batch before. */
  reset(): void;
  /** Σ weight · cross-entropy of a batch, in nats; nothing is dropped. */
  measure(batch: Batch): number;
  /** The same with dropout, leaving its gradient in the parameters. */
  differentiate(batch: Batch, random: Rng): number;
  /** To be called when the parameters' values have changed. */
  refresh(): void;
}

/**
 * Builds a chain of layers that reads ids and ends in a dense layer with softmax.
 * @throws UnrollError invalid_model for a layer that can't learn here yet
 */
export function createLearner(
  kernel: Kernel,
  spec: NetworkSpec,
  options: { vocabulary: number; capacity: Capacity },
): Learner {
  const { capacity, vocabulary } = options;
  const { nodes } = resolveGraph(spec, { kind: 'ids', vocabulary });
  const allocate = (length: number): Block => {
    const address = kernel.memory.allocate(length * 4);
    return { address, values: new Float32Array(kernel.memory.memory.buffer, address, length) };
  };
  const ids = allocate(capacity.packed);
  let layers: LearningLayer[] = [];
  let crossEntropy: ReturnType<typeof createCrossEntropy>;
  const module = kernel.compile((e) => {
    layers = nodes.map((node, index) => {
      if (node.inputs[0] !== index - 1 || node.inputs.length > 1) refuse(node, 'is not in a chain');
      return learningLayer({ e, allocate, capacity }, node, index === nodes.length - 1);
    });
    crossEntropy = createCrossEntropy(e, nodes.at(-1)!.width);
  });
  const functions = instantiate(module, kernel.memory.memory);
  const parameters = layers.flatMap((layer) => layer.parameters);

  /** The loss of a batch; the last block then holds its gradient. */
  const forward = ({ plan, ids: sequence, targets }: Batch, pass: Pass): [loss: number, dLogits: Block] => {
    if (pass.packed > capacity.packed || (plan.offsets[1] ?? 0) > capacity.rows)
      throw new RangeError(`a batch of ${plan.offsets[1]} sequences and ${pass.packed} steps is too large`);
    new Int32Array(ids.values.buffer, ids.address, pass.packed).set(sequence);
    const logits = layers.reduce((x, layer) => layer.forward(pass, x), ids);
    return [crossEntropy(functions, logits, targets, pass.packed), logits];
  };
  const passOver = (plan: Plan, random: Rng | null): Pass => ({
    functions,
    plan,
    packed: plan.offsets[plan.steps]!,
    random,
  });

  return {
    parameters,
    load: (weights) => layers.forEach((layer) => layer.load(weights)),
    save() {
      const weights = new Map<string, Tensor>();
      for (const layer of layers) layer.save(weights);
      return weights;
    },
    reset: () => layers.forEach((layer) => layer.reset()),
    measure: (batch) => forward(batch, passOver(batch.plan, null))[0],
    differentiate(batch, random) {
      const pass = passOver(batch.plan, random);
      for (const { gradient } of parameters) gradient.fill(0);
      const [loss, dLogits] = forward(batch, pass);
      layers.reduceRight((dy, layer) => layer.backward(pass, dy), dLogits);
      clearVectorRegisters();
      return loss;
    },
    refresh: () => layers.forEach((layer) => layer.refresh()),
  };
}

function learningLayer(context: BuildContext, node: Node, last: boolean): LearningLayer {
  const inner = node.inputWidths[0]!;
  switch (node.type) {
    case 'embedding':
      return learningEmbedding(context, node.tensors.weight, node.layer);
    case 'dropout':
      return node.layer.type === 'dropout'
        ? learningDropout(context, { width: inner, rate: node.layer.rate })
        : refuse(node, 'is no dropout');
    case 'dense':
      if (node.layer.activation !== (last ? 'softmax' : 'linear'))
        refuse(node, 'only linear layers and a last softmax');
      return learningDense(context, node.tensors, { inner, units: node.layer.units });
    case 'pool':
      return node.layer.mode === 'mean' ? learningMeanPool(context, inner) : refuse(node, 'only mean pools');
    case 'recurrent': {
      const { cell, units, reset, bidirectional } = node.layer;
      if (cell === 'rnn' || bidirectional || (cell === 'gru' && reset === 'before'))
        return refuse(node, 'only an LSTM or a GRU with reset after, forward in time');
      return learningRecurrent(context, node.tensors.forward, { cell, inner, units });
    }
    default:
      return refuse(node, 'no combining layers');
  }
}

function refuse(node: Node, what: string): never {
  throw new UnrollError('invalid_model', `layer ${node.name} can't learn yet: ${what}`);
}
