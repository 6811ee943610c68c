import { findCell } from '../cells/registry.ts';
import { UnrollError } from '../errors.ts';
import { padded } from '../kernel/layout.ts';
import { emitLinear } from '../kernel/emit/linear.ts';
import type { CompiledModule } from '../kernel/compile-checked.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { denseOrder, packMatrix, packVector } from '../kernel/pack.ts';
import type { EncoderGraph, SummaryPart } from './encoder-decoder.ts';
import type { Graph } from './graph.ts';
import type { Weights } from './weights.ts';

/** Computes the decoder's first state from the encoder's rows: plain data. */
export interface CompiledBridge {
  readonly bridge: WebAssembly.Module;
  readonly code: Pick<CompiledModule, 'path' | 'reason'>;
  readonly summary: readonly SummaryPart[];
  readonly summaryWidth: number;
  readonly memoryWidth: number;
  /** Parts of the decoder's saved state, in its order; the others keep their layer's initial value. */
  readonly states: readonly BridgedState[];
  readonly regions: readonly number[];
  readonly bridgeBytes: number;
}

interface BridgedState {
  /** Its offset in a saved state, and its number of floats. */
  readonly at: number;
  readonly units: number;
  /** Null where the summary is copied. */
  readonly dense: { readonly linear: string; readonly weight: number; readonly bias: number } | null;
}

/** Compiles the bridge of an encoder-decoder. @throws UnrollError out_of_memory */
export function compileBridge(
  { graph: encoder, summary, summaryWidth, bridge, bridgeKind }: EncoderGraph,
  decoder: Graph,
  weights: Weights,
  kernel: Kernel,
): CompiledBridge {
  const regions: number[] = [];
  let bridgeBytes = 0;
  const place = (length: number, fill: (values: Float32Array) => void): number => {
    const address = kernel.memory.allocate(length * 4);
    regions.push(address);
    bridgeBytes += length * 4;
    fill(new Float32Array(kernel.memory.memory.buffer, address, length));
    return address;
  };
  const tensor = (name: string): Float32Array => weights.get(name)!.values;
  let states: BridgedState[] = [];
  try {
    const { module, ...code } = kernel.compile((e) => {
      states = bridge.map(({ node, state, units, tensors }) => {
        const order = denseOrder(units);
        return {
          at: placeInState(decoder, node, state),
          units,
          dense:
            bridgeKind === 'dense'
              ? {
                  linear: emitLinear(e, { inner: summaryWidth, columns: units, activation: 'tanh' }),
                  weight: place(padded(units) * summaryWidth, (packed) =>
                    packMatrix(tensor(tensors.weight), summaryWidth, order, packed),
                  ),
                  bias: place(padded(units), (packed) => packVector(tensor(tensors.bias), order, packed)),
                }
              : null,
        };
      });
    });
    const memoryWidth = encoder.nodes.at(-1)!.width;
    return { bridge: module, code, summary, summaryWidth, memoryWidth, states, regions, bridgeBytes };
  } catch (error) {
    for (const region of regions) kernel.memory.free(region);
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}

/** Offset in a saved state, which has the states of every recurrent node in order (state.ts). */
function placeInState({ nodes }: Graph, node: number, state: 'h' | 'c'): number {
  let at = 0;
  for (let index = 0; index < node; index++) {
    const { type, layer } = nodes[index]!;
    if (type === 'recurrent') at += layer.units * findCell(layer).states.length;
  }
  const own = nodes[node]!;
  return own.type === 'recurrent' ? at + own.layer.units * findCell(own.layer).states.indexOf(state) : at;
}
