import { padded } from '../kernel/layout.ts';
import { idColumns } from './input.ts';
import type { PlaceContext, RunnerSize } from './layers/layer-run.ts';
import { findLayerRun } from './layers/run-registry.ts';
import type { CompiledNode } from './compile-nodes.ts';
import type { CompiledNetwork } from './compile-network.ts';
import type { StateBlock } from './state.ts';

// Addresses of one runner's rows and states in its worker's arena.

/** A runner's memory: what it keeps from one tick to the next, and scratch, which other runners of its thread may write between. */
export interface Arena {
  readonly offset: number;
  readonly bytes: number;
  /** Address of scratch that is shared; undefined where it is in the arena, behind the rest. */
  readonly scratch?: number;
}

export interface Layout {
  /** Bytes of the states, and of the scratch. */
  readonly bytes: number;
  readonly scratchBytes: number;
  /** Packed ids, column after column where a step has several. */
  readonly ids: number;
  /**
   * Packed features as the caller writes them [packed, width], and as the kernel reads them [packed,
   * padded(width)].
   */
  readonly denseInput: number;
  readonly input: number;
  readonly requested: number;
  readonly states: readonly (StateBlock & { readonly node: number })[];
  /** Body nodes whose rows are read. */
  readonly needed: ReadonlySet<number>;
  /** Body nodes (−1: the input) whose requested rows the head reads. */
  readonly boundary: readonly number[];
  /** Packed rows of a body node, or the input; ids where the input is ids. */
  readonly rows: (node: number) => number;
  /** Requested rows of a node. */
  readonly headRows: (node: number) => number;
  /** Additional addresses of a node's layer, null where it has none. */
  readonly place: (node: number) => unknown;
  /** A region that layers share, by name; 0 where no layer has it. */
  readonly scratch: (name: string) => number;
}

/** A vector store may run this far past the last row. */
const slack = 64;

/**
 * Lays a runner out. Nothing that is in scratch when a tick begins is read, not even the padding of rows.
 * @param start addresses of the states and of the scratch; 0 to compute their sizes only
 */
function layOut(
  compiled: CompiledNetwork,
  { maxRows, maxPacked, maxSource = 0 }: RunnerSize,
  start: { readonly states: number; readonly scratch: number },
): Layout {
  const { nodes, head, causal, input } = compiled;
  const size = { maxRows, maxPacked, maxSource };
  const next = { ...start };
  const take = (from: keyof typeof next, count: number): number => {
    const address = next[from];
    next[from] += Math.ceil((count * 4 + slack) / 64) * 64;
    return address;
  };
  const floats = (count: number): number => take('scratch', count);
  const inputWidth = input.kind === 'features' ? input.width : 0;
  const getWidth = (node: number): number => (node < 0 ? inputWidth : nodes[node]!.width);
  const allocateRows = (count: number, width: number): number => floats(count * padded(width));

  const states: (StateBlock & { readonly node: number })[] = [];
  const keep = (node: number, block: StateBlock): number => {
    states.push({ ...block, node });
    return block.address;
  };

  const columns = input.kind === 'ids' ? idColumns(input).length : 1;
  const ids = floats(maxPacked * columns);
  const denseInput = floats(maxPacked * inputWidth);
  const packedInput = inputWidth > 0 ? allocateRows(maxPacked, inputWidth) : ids;
  const requested = floats(maxPacked);
  const needed = findNeededNodes(compiled);
  const boundary = findBoundary(compiled);

  const bodyRows = nodes.map((node, index) =>
    index <= head && node.kind !== 'alias' && needed.has(index) ? allocateRows(maxPacked, node.width) : 0,
  );
  const rows = (node: number): number => (node < 0 ? packedInput : bodyRows[node]!);

  const scratchFloats = new Map<string, number>();
  for (const node of nodes)
    for (const [name, count] of Object.entries(findLayerRun(node.kind)?.scratch?.(node, size) ?? {}))
      scratchFloats.set(name, Math.max(count, scratchFloats.get(name) ?? 0));
  const scratchPlaces = new Map([...scratchFloats].map(([name, count]) => [name, floats(count)]));
  const scratch = (name: string): number => scratchPlaces.get(name) ?? 0;

  const places = nodes.map((node, index): unknown => {
    const run = findLayerRun(node.kind);
    if (!run?.acrossSteps) return null;
    const source = node.inputs[0]!;
    const context: PlaceContext = {
      ...size,
      index,
      x: rows(source),
      xWidth: getWidth(source),
      y: rows(index),
      ids,
      before: nodes[source],
      causal,
      rows: allocateRows,
      keptFloats: (count) => take('states', count),
      keep: (block) => keep(index, block),
      scratch,
    };
    return run.place(node, context);
  });

  const inHead = new Set(boundary);
  const headPlaces = new Map<number, number>();
  for (let node = -1; node < nodes.length; node++)
    if (node > head || inHead.has(node))
      headPlaces.set(node, allocateRows(maxPacked, Math.max(columns, getWidth(node))));

  return {
    bytes: next.states - start.states,
    scratchBytes: next.scratch - start.scratch,
    ids,
    denseInput,
    input: packedInput,
    requested,
    states,
    needed,
    boundary,
    rows,
    headRows: (node) => headPlaces.get(node)!,
    place: (node) => places[node],
    scratch,
  };
}

/** Whether a reader of a node's rows looks its input up by id instead. */
const skipsInput = (node: CompiledNode): boolean => {
  const run = findLayerRun(node.kind);
  return run?.acrossSteps === true && run.skipsInput?.(node) === true;
};

/** Nodes whose rows are read. */
export function findNeededNodes({ nodes, hidden, output }: CompiledNetwork): ReadonlySet<number> {
  const needed = new Set<number>([hidden, output]);
  nodes.forEach((node) => {
    if (!skipsInput(node)) for (const input of node.inputs) needed.add(input);
  });
  return needed;
}

function findBoundary({ nodes, head, hidden, output }: CompiledNetwork): number[] {
  const boundary = new Set<number>([hidden, output].filter((node) => node <= head));
  nodes.forEach((node, index) => {
    if (index > head) for (const input of node.inputs) if (input <= head) boundary.add(input);
  });
  return [...boundary];
}

/** Bytes of a runner of this size: of its states, and of its scratch. */
export function measureLayout(
  compiled: CompiledNetwork,
  size: RunnerSize,
): { states: number; scratch: number } {
  const { bytes, scratchBytes } = layOut(compiled, size, { states: 0, scratch: 0 });
  return { states: bytes, scratch: scratchBytes };
}

/** Bytes of arena that a runner of this size needs if its scratch is in the arena too. */
export function arenaBytes(compiled: CompiledNetwork, size: RunnerSize): number {
  const { states, scratch } = measureLayout(compiled, size);
  return states + scratch;
}

/** Lays a runner out in its arena. */
export function layOutArena(compiled: CompiledNetwork, size: RunnerSize, { offset, scratch }: Arena): Layout {
  const behind = (): number => offset + measureLayout(compiled, size).states;
  return layOut(compiled, size, { states: offset, scratch: scratch ?? behind() });
}
