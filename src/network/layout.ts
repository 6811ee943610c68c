import { padded } from '../kernel/emit/emitter.ts';
import { poolState } from '../kernel/emit/pool.ts';
import { idColumns } from './input.ts';
import type { DirectionPlace, DirectionProgram } from './layers/recurrent.ts';
import { windowRows, type Conv1dPlace } from './layers/conv1d.ts';
import type { NodeProgram } from './nodes.ts';
import type { NetworkProgram } from './program.ts';
import { unitsBlock, type StateBlock } from './state.ts';

// Where everything of one runner stands in its worker's arena.

export interface Arena {
  readonly offset: number;
  readonly bytes: number;
}

export interface RunnerSize {
  readonly maxRows: number;
  /** Most (row, step) pairs of one tick. */
  readonly maxPacked: number;
  /** Attention: most steps of a source. */
  readonly maxSource?: number;
}

interface RecurrentPlace {
  readonly forward: DirectionPlace;
  readonly backward: DirectionPlace | null;
  /** The layer's rows: the merge of both directions, or the forward one's. */
  readonly y: number;
}

export interface Layout {
  readonly bytes: number;
  /** Packed ids, column after column where a step has several. */
  readonly ids: number;
  /** Attention: queries of every row, and weights [rows][maxSource]. */
  readonly queries: number;
  readonly attentionWeights: number;
  /** Packed features as the caller writes them [packed, width], and as the kernel reads them [packed, padded(width)]. */
  readonly denseInput: number;
  readonly input: number;
  readonly wanted: number;
  readonly states: readonly StateBlock[];
  /** Body nodes whose rows somebody reads. */
  readonly needed: ReadonlySet<number>;
  /** Body nodes (−1: the input) whose wanted rows the head reads. */
  readonly boundary: readonly number[];
  /** Packed rows of a body node, or the input; ids where the input is ids. */
  rows(node: number): number;
  /** Wanted rows of a node. */
  headRows(node: number): number;
  poolState(node: number): number;
  /** A program's states [maxRows, stateFloats], and what its products and sweeps work in. */
  programState(node: number): number;
  readonly programScratch: number;
  convolution(node: number): Omit<Conv1dPlace, 'x' | 'y'>;
  recurrent(node: number): RecurrentPlace;
}

/** Rows whose input projections are held at a time: few enough that they are still in the cache when they are used. */
const projectedRows = 96;
/** A vector store may run this far past the last row. */
const slack = 64;

/** @param start address of the arena; 0 to learn how many bytes it must have */
export function layOut(
  program: NetworkProgram,
  { maxRows, maxPacked, maxSource = 0 }: RunnerSize,
  start: number,
): Layout {
  const { nodes, head, causal, input } = program;
  let next = start;
  const take = (floats: number): number => {
    const address = next;
    next += Math.ceil((floats * 4 + slack) / 64) * 64;
    return address;
  };
  const inputWidth = input.kind === 'features' ? input.width : 0;
  const widthOf = (node: number): number => (node < 0 ? inputWidth : nodes[node]!.width);
  const rowsOf = (count: number, width: number): number => take(count * padded(width));

  const states: StateBlock[] = [];
  const keep = (block: StateBlock): number => {
    states.push(block);
    return block.address;
  };

  const columns = input.kind === 'ids' ? idColumns(input).length : 1;
  const ids = take(maxPacked * columns);
  const denseInput = take(maxPacked * inputWidth);
  const packedInput = inputWidth > 0 ? rowsOf(maxPacked, inputWidth) : ids;
  const wanted = take(maxPacked);
  const needed = neededNodes(program);
  const boundary = boundaryOf(program);

  const bodyRows = nodes.map((node, index) =>
    index <= head && node.kind !== 'same' && needed.has(index) ? rowsOf(maxPacked, node.width) : 0,
  );
  const rows = (node: number): number => (node < 0 ? packedInput : bodyRows[node]!);

  const recurrentNodes = nodes.filter((node) => node.kind === 'recurrent');
  const preRows = Math.max(projectedRows, maxRows);
  const pre = take(preRows * Math.max(0, ...recurrentNodes.map((node) => node.columns)));
  const scratch = take((maxRows * Math.max(0, ...recurrentNodes.map((node) => node.scratchBytesPerRow))) / 4);

  const recurrentPlaces = nodes.map((node, index): RecurrentPlace | null => {
    if (node.kind !== 'recurrent') return null;
    const y = rows(index);
    const direction = (out: number, { table, initialH, initialC }: DirectionProgram): DirectionPlace => {
      const source = node.inputs[0]!;
      const stateRows = (first: number | null): number =>
        keep(unitsBlock(rowsOf(maxRows, node.units), node.units, { kept: causal, first }));
      return {
        x: table === null ? rows(source) : ids + firstColumn(nodes[source]) * maxPacked * 4,
        xStride: table === null ? padded(widthOf(source)) * 4 : 4,
        y: out,
        h: stateRows(initialH),
        c: node.hasCellState ? stateRows(initialC) : 0,
        pre,
        preRows,
        scratch,
      };
    };
    if (!node.backward) return { forward: direction(y, node.forward), backward: null, y };
    const forward = direction(rowsOf(maxPacked, node.units), node.forward);
    return { forward, backward: direction(rowsOf(maxPacked, node.units), node.backward), y };
  });

  const poolStates = nodes.map((node) => {
    if (node.kind !== 'pool') return 0;
    const stride = poolState(node.width);
    const count = padded(node.width);
    return keep({
      address: take(maxRows * stride),
      stride,
      parts: [
        [0, node.width],
        [count, count + node.counters],
      ],
      kept: causal,
      first: null,
    });
  });

  const programStates = nodes.map((node) =>
    node.kind === 'program' && node.stateFloats > 0
      ? keep({
          address: take(maxRows * node.stateFloats),
          stride: node.stateFloats,
          parts: [[0, node.stateFloats]],
          kept: causal,
          first: node.start,
        })
      : 0,
  );
  const programScratch = take(
    Math.max(0, ...nodes.map((node) => (node.kind === 'program' ? node.scratchFloats : 0))),
  );
  const convolutions = nodes.filter((node) => node.kind === 'conv1d');
  const widest = (of: (node: (typeof convolutions)[number]) => number): number =>
    Math.max(0, ...convolutions.map(of));
  const windows = take(
    convolutions.length > 0 ? windowRows * widest(({ taps, inner }) => padded(taps * inner)) : 0,
  );
  const addresses = take(windowRows * widest(({ taps }) => taps));
  const zeros = take(widest(({ inner }) => padded(inner)));
  const histories = nodes.map((node) => {
    if (node.kind !== 'conv1d' || node.history === 0) return 0;
    const width = padded(node.inner);
    return keep({
      address: take(maxRows * node.history * width),
      stride: node.history * width,
      parts: Array.from(
        { length: node.history },
        (_, slot) => [slot * width, slot * width + node.inner] as const,
      ),
      kept: causal,
      first: null,
    });
  });

  const attending = nodes.filter((node) => node.kind === 'attention');
  const queries = rowsOf(maxRows, Math.max(0, ...attending.map(({ keyWidth }) => keyWidth)));
  const attentionWeights = take(attending.length > 0 ? maxRows * maxSource : 0);

  const inHead = new Set(boundary);
  const headPlaces = new Map<number, number>();
  for (let node = -1; node < nodes.length; node++)
    if (node > head || inHead.has(node))
      headPlaces.set(node, rowsOf(maxPacked, Math.max(columns, widthOf(node))));

  return {
    get bytes() {
      return next - start;
    },
    ids,
    queries,
    attentionWeights,
    denseInput,
    input: packedInput,
    wanted,
    states,
    needed,
    boundary,
    rows,
    headRows: (node) => headPlaces.get(node)!,
    poolState: (node) => poolStates[node]!,
    programState: (node) => programStates[node]!,
    programScratch,
    convolution: (node) => ({ history: histories[node]!, windows, addresses, zeros }),
    recurrent: (node) => recurrentPlaces[node]!,
  };
}

/** Which of a step's ids a token table is looked up by. */
const firstColumn = (embedding: NodeProgram | undefined): number =>
  embedding?.kind === 'embedding' ? embedding.first : 0;

/** Whether a reader of a node's rows looks the projections up by id instead. */
const looksUp = (node: NodeProgram): boolean => node.kind === 'recurrent' && node.forward.table !== null;

function neededNodes({ nodes, hidden, output }: NetworkProgram): ReadonlySet<number> {
  const needed = new Set<number>([hidden, output]);
  nodes.forEach((node) => {
    if (!looksUp(node)) for (const input of node.inputs) needed.add(input);
  });
  return needed;
}

function boundaryOf({ nodes, head, hidden, output }: NetworkProgram): number[] {
  const boundary = new Set<number>([hidden, output].filter((node) => node <= head));
  nodes.forEach((node, index) => {
    if (index > head) for (const input of node.inputs) if (input <= head) boundary.add(input);
  });
  return [...boundary];
}

/** Bytes of arena that a runner of this size needs. */
export const arenaBytes = (program: NetworkProgram, size: RunnerSize): number =>
  layOut(program, size, 0).bytes;
