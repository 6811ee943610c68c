import { clearVectorRegisters } from '../kernel/compile.ts';
import { padded } from '../kernel/layout.ts';
import { instantiate, type KernelFunctions } from '../kernel/instantiate.ts';
import { idColumns } from './input.ts';
import type { InsideRows } from './inside.ts';
import { layOutArena, type Arena } from './layout.ts';
import type { AttendedSource } from './layers/attended-source.ts';
import { attentionWeights } from './layers/attention/run.ts';
import type { Plan, RunContext } from './layers/layer.ts';
import type { RunnerSize, Tick } from './layers/layer-run.ts';
import { findLayerRun } from './layers/run-registry.ts';
import type { CompiledNode } from './compile-nodes.ts';
import type { CompiledNetwork } from './compile-network.ts';
import { createStateRows, listStateParts, type StatePart } from './state.ts';

/**
 * The rows that a tick returns: the output, the output before its activation, or the rows that enter the
 * head.
 */
export type OutputKind = 'output' | 'logits' | 'hidden';

/**
 * Runs one network in one worker: rows with a state each, and ticks that advance some of them. Rows 0 … rows
 * − 1 are occupied. It allocates nothing outside its arena.
 */
export interface Runner {
  readonly causal: boolean;
  readonly outputWidth: number;
  readonly hiddenWidth: number;
  /** float32 of one sequence's state, and its parts in order. */
  readonly stateLength: number;
  readonly stateParts: readonly StatePart[];
  /** Features a step; 0 when a step is an id. */
  readonly inputWidth: number;
  readonly maxRows: number;
  /** Maximum (row, step) pairs of one tick. */
  readonly maxPacked: number;
  readonly rows: number;
  /**
   * Adds a row with the given state, by default the layers' initial state (zero if they have none).
   * @returns the row
   */
  join(state?: Float32Array): number;
  /** Frees a row; the last row's state moves into its place. */
  leave(row: number): void;
  swap(a: number, b: number): void;
  saveState(row: number): Float32Array;
  loadState(row: number, state: Float32Array): void;
  /**
   * Plans a tick: row r advances by steps[r] ≥ 1 steps, non-increasing; rows past steps.length do not
   * advance. Packed order is time-major: step t of row r is at offsets[t] + r. @returns offsets, one more
   * than there are steps
   */
  plan(steps: ArrayLike<number>): Int32Array;
  /** Packed input ids of the planned tick, to be filled: [idColumns][maxPacked]. */
  readonly ids: Int32Array;
  /** Ids a step; 1 where a step is features. */
  readonly idColumns: number;
  /** Packed input rows of the planned tick [packed, inputWidth], to be filled. */
  readonly features: Float32Array;
  /**
   * Runs the planned tick. @param requested packed indexes of the rows to return
   * @param more.sources attention: the source of each row, in a tick of one step a row
   * @param more.inside rows whose inside values are reported: it fills them for every step of the tick
   * @returns [requested.length, width] with rows `width` apart, a view valid until the next tick
   */
  run(requested: ArrayLike<number>, kind: OutputKind, more?: TickOptions): Float32Array;
  /**
   * The error of a row of the last tick, null if it has none: an operator graph may fail for one sequence
   * only.
   */
  failure(row: number): string | null;
  /** Attention weights of a row of the last tick over its source's steps. */
  attention(row: number, steps: number): Float32Array;
}

export interface TickOptions {
  readonly sources?: readonly AttendedSource[];
  readonly inside?: ReadonlyMap<number, InsideRows> | null;
}

export function createRunner(
  compiled: CompiledNetwork,
  memory: WebAssembly.Memory,
  arena: Arena,
  size: RunnerSize,
): Runner {
  const { nodes, head, output, hidden, causal } = compiled;
  const layout = layOutArena(compiled, size, arena);
  const functions = instantiate(compiled.module, memory);
  let view = new Float32Array(memory.buffer);
  // a view does not grow with the memory
  const floats = (): Float32Array =>
    view.buffer === memory.buffer ? view : (view = new Float32Array(memory.buffer));
  const context: RunContext = { functions, floats };
  let observing: KernelFunctions | null = null;
  const observers = (): KernelFunctions => (observing ??= instantiate(compiled.observer, memory));
  const state = createStateRows(layout.states, size.maxRows, floats);
  const inputWidth = compiled.input.kind === 'features' ? compiled.input.width : 0;
  const vocabularies = compiled.input.kind === 'ids' ? idColumns(compiled.input) : [];
  const columnBytes = size.maxPacked * 4;
  const maxSource = size.maxSource ?? 0;
  const getWidth = (node: number): number => (node < 0 ? inputWidth : nodes[node]!.width);
  const outputNodes = { output, logits: output, hidden };
  const body = nodes.slice(0, head + 1).map(createBodyNode);
  let plan: Plan = { offsets: Int32Array.of(0), steps: 0, parity: 0 };
  let result: Float32Array = new Float32Array(0);
  const failures = new Map<number, string>();

  const runner: Runner = {
    causal,
    outputWidth: getWidth(output),
    hiddenWidth: getWidth(hidden),
    stateLength: state.length,
    stateParts: listStateParts(layout.states),
    inputWidth,
    maxRows: size.maxRows,
    maxPacked: size.maxPacked,
    get rows() {
      return state.rows;
    },
    join: (initial) => state.join(initial),
    leave: (row) => state.leave(row),
    swap: (a, b) => state.swap(a, b),
    saveState: (row) => state.save(row),
    loadState: (row, saved) => state.load(row, saved),

    plan(steps) {
      const longest = steps[0] ?? 0;
      const offsets = new Int32Array(longest + 1);
      let rows = steps.length;
      for (let t = 0; t < longest; t++) {
        while (steps[rows - 1]! <= t) rows--;
        offsets[t + 1] = offsets[t]! + rows;
      }
      const packed = offsets[longest]!;
      if (steps.length > state.rows || packed > size.maxPacked)
        throw new RangeError(`a tick of ${steps.length} rows and ${packed} steps does not fit this runner`);
      plan = { offsets, steps: longest, parity: (plan.parity + plan.steps) & 1 };
      return offsets;
    },
    get ids() {
      return new Int32Array(memory.buffer, layout.ids, size.maxPacked * Math.max(1, vocabularies.length));
    },
    get features() {
      return new Float32Array(memory.buffer, layout.denseInput, size.maxPacked * inputWidth);
    },

    idColumns: Math.max(1, vocabularies.length),
    failure: (row) => failures.get(row) ?? null,
    attention: (row, steps) =>
      new Float32Array(memory.buffer, layout.scratch(attentionWeights) + row * maxSource * 4, steps).slice(),

    run(requested, kind, { sources = [], inside = null } = {}) {
      const packed = plan.offsets[plan.steps]!;
      if (inputWidth > 0) padRows(floats(), layout.denseInput / 4, layout.input / 4, packed, inputWidth);
      else
        vocabularies.forEach((vocabulary, column) =>
          checkIds(runner.ids.subarray(column * size.maxPacked), packed, vocabulary),
        );
      failures.clear();
      if (!causal) state.beginWhole();
      const observed = inside && { rows: inside, functions: observers };
      const tick: Tick = { plan, sources, failures, inside: observed };
      for (const runNode of body) runNode?.(tick);
      result = runHead(requested, kind);
      clearVectorRegisters();
      return result;
    },
  };
  return runner;

  /** @returns null for a node whose rows are not read */
  function createBodyNode(node: CompiledNode, index: number): ((tick: Tick) => void) | null {
    const run = findLayerRun(node.kind);
    if (!run || !layout.needed.has(index)) return null;
    if (run.acrossSteps) return run.create(node, context, layout.place(index));
    const x = node.inputs.map(layout.rows);
    const y = layout.rows(index);
    const { scratch } = layout;
    return ({ plan: { offsets, steps } }) =>
      run.run(node, context, { x, columnBytes, y, rows: offsets[steps]!, logits: false, scratch });
  }

  /** Runs the head over the requested rows only. */
  function runHead(requested: ArrayLike<number>, kind: OutputKind): Float32Array {
    const count = requested.length;
    const target = outputNodes[kind];
    const width = getWidth(target);
    new Int32Array(memory.buffer, layout.requested, count).set(requested);
    for (const index of layout.boundary) {
      if (index < 0 && inputWidth === 0) {
        const ids = runner.ids;
        const chosen = new Int32Array(memory.buffer, layout.headRows(-1), ids.length);
        for (let from = 0; from < ids.length; from += size.maxPacked)
          for (let i = 0; i < count; i++) chosen[from + i] = ids[from + requested[i]!]!;
      } else {
        functions[compiled.gathers[getWidth(index)]!]!(
          layout.rows(index),
          layout.requested,
          layout.headRows(index),
          count,
        );
      }
    }
    if (target > head)
      for (let index = head + 1; index < nodes.length; index++) {
        const node = nodes[index]!;
        const run = findLayerRun(node.kind);
        if (!run || run.acrossSteps) continue;
        run.run(node, context, {
          x: node.inputs.map(layout.headRows),
          columnBytes,
          y: layout.headRows(index),
          rows: count,
          logits: kind === 'logits' && index === output,
          scratch: layout.scratch,
        });
      }
    if (result.length < count * width) result = new Float32Array(count * width);
    gatherRows(floats(), layout.headRows(target) / 4, result, count, width);
    return result.subarray(0, count * width);
  }
}

/** [rows, width] → [rows, padded(width)] */
function padRows(values: Float32Array, from: number, to: number, rows: number, width: number): void {
  const stride = padded(width);
  if (stride === width) {
    values.copyWithin(to, from, from + rows * width);
    return;
  }
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < width; k++) values[to + r * stride + k] = values[from + r * width + k]!;
}

/** [rows, padded(width)] → [rows, width] */
function gatherRows(values: Float32Array, from: number, to: Float32Array, rows: number, width: number): void {
  const stride = padded(width);
  if (stride === width) {
    to.set(values.subarray(from, from + rows * width));
    return;
  }
  for (let r = 0; r < rows; r++)
    to.set(values.subarray(from + r * stride, from + r * stride + width), r * width);
}

/** Checks ids: the kernel does not, and an id outside the vocabulary would read other memory. */
function checkIds(ids: Int32Array, count: number, vocabulary: number): void {
  for (let i = 0; i < count; i++)
    if (ids[i]! >>> 0 >= vocabulary)
      throw new RangeError(`id ${ids[i]} is not in a vocabulary of ${vocabulary}`);
}
