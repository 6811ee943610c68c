import { loadSplat } from '../kernel/assembler/expressions.ts';
import { ModuleBuilder } from '../kernel/assembler/module-builder.ts';
import { clearVectorRegisters } from '../kernel/compile.ts';
import { instantiate } from '../kernel/instantiate.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { allocatedBytes } from '../kernel/memory.ts';
import { resolveNetwork, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import { idColumns, type NetworkInput } from '../network/input.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { padded } from '../kernel/layout.ts';
import type { Plan } from '../network/layers/layer.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Tensor } from '../network/weights.ts';
import type { Rng } from '../random.ts';
import type { Batch, Sequences } from './batch.ts';
import { createBridge } from '../network/learning/bridge.ts';
import type {
  Block,
  BuildContext,
  Capacity,
  GradientFlow,
  LearningLayer,
  Pass,
} from '../network/learning/layer.ts';
import { clearGradient } from '../network/learning/touched-rows.ts';
import { createLearningGraph, type LearningGraph } from '../network/learning/learning-graph.ts';
import type { Learner, LearnerOptions } from './learner-interface.ts';
import { createLoss } from './optimise/losses/create-loss.ts';
import type { Loss } from './optimise/loss.ts';
import { countPackedSteps } from './plan.ts';

/**
 * Creates a trainable network in kernel memory.
 * @throws UnrollError invalid_model for layers that don't fit together; MemoryFull
 */
export function createLearner(kernel: Kernel, spec: NetworkSpec, options: LearnerOptions): Learner {
  const { capacity, sourceCapacity = capacity, input, source = null, frozen = new Set<string>() } = options;
  const { graph, encoder } = resolveNetwork(spec, input, source);
  const regions: number[] = [];
  const allocate = (length: number): Block => {
    const address = kernel.memory.allocate(length * 4);
    regions.push(address);
    return { address, values: new Float32Array(kernel.memory.memory.buffer, address, length) };
  };
  const free = (): void => {
    for (const region of regions.splice(0)) kernel.memory.free(region);
  };

  try {
    let built: ReturnType<typeof buildLayers>;
    const { module } = kernel.compile((e) => {
      built = buildLayers({ e, capacity, sourceCapacity, allocate }, { graph, encoder }, options.loss);
    });
    const { decoding, encoding, bridge, loss } = built!;
    const functions = instantiate(module, kernel.memory.memory);
    const feed = createFeed(allocate, input, capacity);
    const feedSource = source && createFeed(allocate, source, sourceCapacity);
    return assemble(decoding, encoding, bridge, loss);

    function assemble(
      decoderGraph: LearningGraph,
      encoderGraph: LearningGraph | null,
      bridgeLayer: ReturnType<typeof createBridge> | null,
      computeLoss: Loss,
    ): Learner {
      const trainedParts: Pick<LearningLayer, 'parameters' | 'load' | 'save' | 'refresh'>[] = [
        ...(encoderGraph?.layers ?? []),
        ...(bridgeLayer ? [bridgeLayer] : []),
        ...decoderGraph.layers,
      ];
      const all = trainedParts.flatMap(({ parameters }) => parameters);
      const parameters = all.filter(({ name }) => !isFrozen(name, frozen));

      const createPass = (
        { plan, carryAfter = plan.steps }: { plan: Plan; carryAfter?: number | undefined },
        random: Rng | null,
        flow: GradientFlow | null,
      ): Pass => ({
        functions,
        plan,
        packed: countPackedSteps(plan),
        random,
        carryAfter,
        source: null,
        flow,
      });

      /** @returns the passes, for the backward pass, and the logits */
      const forward = (
        batch: Batch,
        random: Rng | null,
        flow: GradientFlow | null,
      ): { pass: Pass; sourcePass: Pass | null; logits: Block } => {
        checkSize(batch, capacity, 'batch');
        let pass = createPass(batch, random, flow);
        const x = feed(batch);
        if (!encoderGraph || !bridgeLayer || !feedSource || !batch.source)
          return { pass, sourcePass: null, logits: decoderGraph.forward(pass, x, null) };
        checkSize(batch.source, sourceCapacity, 'source');
        const sourcePass = createPass(batch.source, random, flow);
        pass = {
          ...pass,
          source: { plan: batch.source.plan, packed: sourcePass.packed, sourceRows: batch.source.sourceRows },
        };
        encoderGraph.reset();
        decoderGraph.reset();
        const memory = encoderGraph.forward(sourcePass, feedSource(batch.source), null);
        bridgeLayer.forward(pass, memory, decoderGraph.recurrent);
        return { pass, sourcePass, logits: decoderGraph.forward(pass, x, memory) };
      };

      return {
        parameters,
        chain: decoderGraph.chain?.crf ?? null,
        load: (weights) => trainedParts.forEach((part) => part.load(weights)),
        save() {
          const weights = new Map<string, Tensor>();
          for (const part of trainedParts) part.save(weights);
          return weights;
        },
        reset: () => decoderGraph.reset(),
        carried: decoderGraph.layers.flatMap(({ carried }) => carried),
        measure(batch, onLogits) {
          const { pass, logits } = forward(batch, null, null);
          clearVectorRegisters();
          onLogits?.(logits, decoderGraph.width);
          return computeLoss(functions, logits, batch.targets, pass.plan);
        },
        differentiate(batch, random, flow) {
          const { pass, sourcePass, logits } = forward(batch, random, flow ?? null);
          all.forEach(clearGradient);
          const total = computeLoss(functions, logits, batch.targets, pass.plan);
          const dMemory = decoderGraph.backward(pass, logits);
          if (encoderGraph && bridgeLayer && sourcePass) {
            const dBridge = bridgeLayer.backward(pass, decoderGraph.recurrent);
            encoderGraph.backward(sourcePass, dMemory ? addInto(dBridge, dMemory) : dBridge);
          }
          clearVectorRegisters();
          return total;
        },
        gateStatistics: () => [...(encoderGraph?.gateStatistics() ?? []), ...decoderGraph.gateStatistics()],
        refresh: () => trainedParts.forEach((part) => part.refresh()),
        free,
      };
    }
  } catch (error) {
    free();
    throw error;
  }
}

/** Creates the layers and the loss of a network: allocates their memory and emits their functions. */
function buildLayers(
  context: BuildContext,
  { graph, encoder }: ResolvedNetwork,
  lossSpec: LearnerOptions['loss'],
) {
  const sourceContext = { ...context, capacity: context.sourceCapacity };
  const encoding = encoder && createLearningGraph(sourceContext, encoder.graph, null);
  const bridge = encoder && createBridge(sourceContext, encoder);
  const decoding = createLearningGraph(context, graph, lossSpec.type);
  const loss = createLoss(context.e, lossSpec, graph.nodes.at(-1)!.width, decoding.chain);
  return { decoding, encoding, bridge, loss };
}

/** Bytes of kernel memory that `createLearner` allocates, computed by a build without memory. */
export function computeLearnerBytes(spec: NetworkSpec, options: LearnerOptions): number {
  const { capacity, sourceCapacity = capacity, input, source = null, loss } = options;
  let bytes = 0;
  const allocate = (length: number): Block => {
    bytes += allocatedBytes(length * 4);
    return { address: 0, values: new Float32Array(0) };
  };
  const noInstructions = loadSplat(0, 0);
  const e: Emitter = {
    module: new ModuleBuilder({ maximumPages: 1 }),
    constant: () => noInstructions,
    bits: () => noInstructions,
    dotBytes: () => noInstructions,
  };
  buildLayers({ e, capacity, sourceCapacity, allocate }, resolveNetwork(spec, input, source), loss);
  createFeed(allocate, input, capacity);
  if (source) createFeed(allocate, source, sourceCapacity);
  return bytes;
}

function checkSize({ plan }: Sequences, capacity: Capacity, name: string): void {
  const rows = plan.offsets[1] ?? 0;
  if (countPackedSteps(plan) > capacity.packed || rows > capacity.rows)
    throw new RangeError(
      `${name}: ${rows} sequences and ${countPackedSteps(plan)} steps, at most ${capacity.rows} and ${capacity.packed}`,
    );
}

/**
 * Whether a tensor belongs to a frozen layer. Its name begins with that of its layer, `encoder` or `bridge`.
 */
export function isFrozen(tensor: string, frozen: ReadonlySet<string>): boolean {
  const trainedParts = tensor.split('.');
  return trainedParts.some((_, count) => count > 0 && frozen.has(trainedParts.slice(0, count).join('.')));
}

/** a += b, up to the shorter length. */
function addInto(a: Block, b: Block): Block {
  const length = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < length; i++) a.values[i] = a.values[i]! + b.values[i]!;
  return a;
}

/** Copies a batch's input to the first layers' memory: ids [columns][packed], or feature rows. */
function createFeed(
  allocate: BuildContext['allocate'],
  input: NetworkInput,
  { packed: maxPacked }: Capacity,
): (sequences: Sequences) => Block {
  if (input.kind === 'ids') {
    const columns = idColumns(input);
    const block = allocate(maxPacked * columns.length);
    const words = new Int32Array(block.values.buffer, block.address, block.values.length);
    return ({ ids, plan }) => {
      const packed = countPackedSteps(plan);
      if (ids?.length !== packed * columns.length)
        throw new RangeError(
          `expected ${columns.length} ids for each of ${packed} steps, got ${ids?.length ?? 0}`,
        );
      columns.forEach((vocabulary, column) => {
        for (let i = column * packed; i < (column + 1) * packed; i++)
          if (ids[i]! >>> 0 >= vocabulary)
            throw new RangeError(`id ${ids[i]} is not in the vocabulary of ${vocabulary}`);
      });
      words.set(ids);
      return block;
    };
  }
  const { width } = input;
  const stride = padded(width);
  const block = allocate(maxPacked * stride);
  return ({ features, plan }) => {
    const packed = countPackedSteps(plan);
    if (features?.length !== packed * width)
      throw new RangeError(
        `expected ${width} numbers for each of ${packed} steps, got ${features?.length ?? 0}`,
      );
    for (let row = 0; row < packed; row++)
      block.values.set(features.subarray(row * width, (row + 1) * width), row * stride);
    return block;
  };
}
