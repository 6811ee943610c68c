import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import type { Arena } from '../network/layout.ts';
import { compileGraph } from '../network/signed-graph/compile-graph.ts';
import type { CompiledGraph } from '../network/signed-graph/compiled-graph.ts';
import type { SignedGraph } from '../operators/signature.ts';
import { freePlacement, type PlacementSizes } from './placement.ts';

/** The shared memory of a graph: its constants once, and scratch for each worker. Plain data. */
export interface GraphPlacement {
  readonly compiled: CompiledGraph;
  /** One for each worker, by its index. */
  readonly arenas: readonly Arena[];
}

/**
 * Compiles a graph into the kernel's memory.
 * @throws UnrollError invalid_model, out_of_memory
 */
export function placeGraph(
  graph: SignedGraph,
  { kernel, workers }: { readonly kernel: Kernel } & Pick<PlacementSizes, 'workers'>,
): GraphPlacement {
  const compiled = compileGraph(graph, kernel);
  const bytes = compiled.scratchFloats * 4;
  const arenas: Arena[] = [];
  try {
    for (let worker = 0; worker < workers; worker++)
      arenas.push({ offset: kernel.memory.allocate(bytes), bytes });
    return { compiled, arenas };
  } catch (error) {
    freePlacement({ compiled, arenas }, kernel);
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}
