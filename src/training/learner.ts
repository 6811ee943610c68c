import { loadSplat } from '../kernel/assembler/expressions.ts';
import { ModuleBuilder } from '../kernel/assembler/module-builder.ts';
import { clearVectorRegisters } from '../kernel/compile.ts';
import { instantiate } from '../kernel/instantiate.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { allocatedBytes } from '../kernel/memory.ts';
import { resolveNetwork, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import { idColumns, type NetworkInput } from '../network/input.ts';
import { padded, type Emitter } from '../kernel/emit/emitter.ts';
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
import { createLearningGraph, type LearningGraph } from '../network/learning/learning-graph.ts';
import type { Learner, LearnerOptions } from './learner-interface.ts';
import { createLoss } from './optimise/losses/create-loss.ts';
import type { Loss } from './optimise/loss.ts';
import { countPackedSteps } from './plan.ts';

/**
 * Builds a network in kernel memory that learns.
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
    return learnerOf(decoding, encoding, bridge, loss);

    function learnerOf(
      main: LearningGraph,
      reading: LearningGraph | null,
      between: ReturnType<typeof createBridge> | null,
      lossOf: Loss,
    ): Learner {
      const parts: Pick<LearningLayer, 'parameters' | 'load' | 'save' | 'refresh'>[] = [
        ...(reading?.layers ?? []),
        ...(between ? [between] : []),
        ...main.layers,
      ];
      const all = parts.flatMap(({ parameters }) => parameters);
      const parameters = all.filter(({ name }) => !isFrozen(name, frozen));

      const passOver = (
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

      /** @returns the passes, for the way back, and the logits */
      const forward = (
        batch: Batch,
        random: Rng | null,
        flow: GradientFlow | null,
      ): { pass: Pass; sourcePass: Pass | null; logits: Block } => {
        checkSize(batch, capacity, 'batch');
        let pass = passOver(batch, random, flow);
        const x = feed(batch);
        if (!reading || !between || !feedSource || !batch.source)
          return { pass, sourcePass: null, logits: main.forward(pass, x, null) };
        checkSize(batch.source, sourceCapacity, 'source');
        const sourcePass = passOver(batch.source, random, flow);
        pass = {
          ...pass,
          source: { plan: batch.source.plan, packed: sourcePass.packed, rowOf: batch.source.rowOf },
        };
        reading.reset();
        main.reset();
        const memory = reading.forward(sourcePass, feedSource(batch.source), null);
        between.forward(pass, memory, main.recurrent);
        return { pass, sourcePass, logits: main.forward(pass, x, memory) };
      };

      return {
        parameters,
        chain: main.chain?.crf ?? null,
        load: (weights) => parts.forEach((part) => part.load(weights)),
        save() {
          const weights = new Map<string, Tensor>();
          for (const part of parts) part.save(weights);
          return weights;
        },
        reset: () => main.reset(),
        carried: main.layers.flatMap(({ carried }) => carried),
        measure(batch, see) {
          const { pass, logits } = forward(batch, null, null);
          clearVectorRegisters();
          see?.(logits, main.width);
          return lossOf(functions, logits, batch.targets, pass.plan);
        },
        differentiate(batch, random, flow) {
          const { pass, sourcePass, logits } = forward(batch, random, flow ?? null);
          for (const { gradient } of all) gradient.fill(0);
          const total = lossOf(functions, logits, batch.targets, pass.plan);
          const dMemory = main.backward(pass, logits);
          if (reading && between && sourcePass) {
            const dBridge = between.backward(pass, main.recurrent);
            reading.backward(sourcePass, dMemory ? addInto(dBridge, dMemory) : dBridge);
          }
          clearVectorRegisters();
          return total;
        },
        gateStatistics: () => [...(reading?.gateStatistics() ?? []), ...main.gateStatistics()],
        refresh: () => parts.forEach((part) => part.refresh()),
        free,
      };
    }
  } catch (error) {
    free();
    throw error;
  }
}

/** The layers of a network and its loss, with their memory allocated and their functions emitted. */
function buildLayers(
  context: BuildContext,
  { graph, encoder }: ResolvedNetwork,
  lossSpec: LearnerOptions['loss'],
) {
  const ofSource = { ...context, capacity: context.sourceCapacity };
  const encoding = encoder && createLearningGraph(ofSource, encoder.graph, null);
  const bridge = encoder && createBridge(ofSource, encoder);
  const decoding = createLearningGraph(context, graph, lossSpec.type);
  const loss = createLoss(context.e, lossSpec, graph.nodes.at(-1)!.width, decoding.chain);
  return { decoding, encoding, bridge, loss };
}

/** Bytes of kernel memory that `createLearner` allocates, found by building without memory. */
export function computeLearnerBytes(spec: NetworkSpec, options: LearnerOptions): number {
  const { capacity, sourceCapacity = capacity, input, source = null, loss } = options;
  let bytes = 0;
  const allocate = (length: number): Block => {
    bytes += allocatedBytes(length * 4);
    return { address: 0, values: new Float32Array(0) };
  };
  const nothing = loadSplat(0, 0);
  const e: Emitter = {
    module: new ModuleBuilder({ maximumPages: 1 }),
    constant: () => nothing,
    bits: () => nothing,
  };
  buildLayers({ e, capacity, sourceCapacity, allocate }, resolveNetwork(spec, input, source), loss);
  createFeed(allocate, input, capacity);
  if (source) createFeed(allocate, source, sourceCapacity);
  return bytes;
}

function checkSize({ plan }: Sequences, capacity: Capacity, what: string): void {
  const rows = plan.offsets[1] ?? 0;
  if (countPackedSteps(plan) > capacity.packed || rows > capacity.rows)
    throw new RangeError(`a ${what} of ${rows} sequences and ${countPackedSteps(plan)} steps is too large`);
}

/** Tensors of a layer begin with its name; `encoder` and `bridge` stand for all of theirs. */
export function isFrozen(tensor: string, frozen: ReadonlySet<string>): boolean {
  const parts = tensor.split('.');
  return parts.some((_, count) => count > 0 && frozen.has(parts.slice(0, count).join('.')));
}

/** a += b, where both are as long. */
function addInto(a: Block, b: Block): Block {
  const length = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < length; i++) a.values[i] = a.values[i]! + b.values[i]!;
  return a;
}

/** Puts a batch's input where the first layers read it: ids column after column, or feature rows. */
function createFeed(
  allocate: BuildContext['allocate'],
  input: NetworkInput,
  { packed: most }: Capacity,
): (sequences: Sequences) => Block {
  if (input.kind === 'ids') {
    const columns = idColumns(input);
    const block = allocate(most * columns.length);
    const words = new Int32Array(block.values.buffer, block.address, block.values.length);
    return ({ ids, plan }) => {
      const packed = countPackedSteps(plan);
      if (ids?.length !== packed * columns.length)
        throw new RangeError(`${ids?.length ?? 0} ids for ${packed} steps of ${columns.length}`);
      columns.forEach((vocabulary, column) => {
        for (let i = column * packed; i < (column + 1) * packed; i++)
          if (ids[i]! >>> 0 >= vocabulary)
            throw new RangeError(`id ${ids[i]} of a vocabulary of ${vocabulary}`);
      });
      words.set(ids);
      return block;
    };
  }
  const { width } = input;
  const stride = padded(width);
  const block = allocate(most * stride);
  return ({ features, plan }) => {
    const packed = countPackedSteps(plan);
    if (features?.length !== packed * width)
      throw new RangeError(`${features?.length ?? 0} numbers for ${packed} steps of ${width}`);
    for (let row = 0; row < packed; row++)
      block.values.set(features.subarray(row * width, (row + 1) * width), row * stride);
    return block;
  };
}
