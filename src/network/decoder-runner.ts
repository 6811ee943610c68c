import { clearVectorRegisters } from '../kernel/compile.ts';
import { padded } from '../kernel/layout.ts';
import { instantiate } from '../kernel/instantiate.ts';
import { arenaBytes, type Arena } from './layout.ts';
import type { AttendedSource } from './layers/attended-source.ts';
import { makeKeys } from './layers/attention/run.ts';
import type { CompiledEncoder, CompiledNetwork } from './compile-network.ts';
import { createRunner, type Runner } from './runner.ts';
import { createStepAllocator } from './step-allocator.ts';

export interface DecoderSize {
  /** Hypotheses that advance together. */
  readonly maxRows: number;
  /** Maximum steps of one source, and of all stored sources. */
  readonly maxSource: number;
  readonly maxStoredSteps: number;
}

/** A source that has been read: the first state of its hypotheses, and the rows that they attend to. */
export interface ReadSource extends AttendedSource {
  readonly state: Float32Array;
}

/**
 * An encoder-decoder in one worker: sources are read whole, then hypotheses advance one step at a time, each
 * with a state of its own. Hypotheses of one source share its rows; a fork copies the state only.
 */
export interface DecoderRunner {
  readonly outputWidth: number;
  /** float32 of what is kept of one step of a source. */
  readonly memoryWidth: number;
  readonly maxRows: number;
  readonly rows: number;
  /** Whether there is memory for a source of so many steps. */
  hasRoom(steps: number): boolean;
  /** Reads sources, ids [steps][columns] or features [steps][width], in one packed batch. */
  read(sources: readonly (Int32Array | Float32Array)[]): ReadSource[];
  /** A source that was read before: from what `memoryOf` gave [steps, memoryWidth]. */
  restore(memory: Float32Array): ReadSource;
  /** What a source can be restored from [steps, memoryWidth]. */
  memoryOf(source: ReadSource): Float32Array;
  /** Frees a source's memory; no row may attend to it any more. */
  release(source: ReadSource): void;
  /** Adds a row in the first state of a source. */
  join(source: ReadSource): number;
  /**
   * Replaces row i by a copy of the previous row from[i], for all rows: a row that is listed twice is forked,
   * one that is not listed ends. Rows keep their sources.
   */
  arrange(from: readonly number[]): void;
  /** Feeds every row an id. @returns logits [rows, outputWidth], a view valid until the next step */
  step(ids: ArrayLike<number>): Float32Array;
  /** Attention weights of a row of the last step over its source's steps; null without attention. */
  attention(row: number): Float32Array | null;
}

/** Bytes of arena that a decoder runner needs. */
export const decoderBytes = (compiled: CompiledNetwork, size: DecoderSize): number => {
  const { encoder, decoder } = splitSize(size);
  return (
    arenaBytes(compiled.encoder!.network, encoder) +
    arenaBytes(compiled, decoder) +
    sourceBytes(compiled, size) +
    scratchBytes(compiled.encoder!)
  );
};

const splitSize = ({ maxRows, maxSource }: DecoderSize) => ({
  encoder: { maxRows, maxPacked: Math.max(maxSource, maxRows) },
  decoder: { maxRows, maxPacked: maxRows, maxSource },
});

/** float32 of one stored step: the memory's row, then the keys of every attention node. */
const countStoredFloats = ({ nodes, encoder }: CompiledNetwork): number =>
  nodes.reduce(
    (sum, node) => sum + (node.kind === 'attention' && node.keys ? padded(node.keyWidth) : 0),
    padded(encoder!.memoryWidth),
  );
const sourceBytes = (compiled: CompiledNetwork, { maxStoredSteps }: DecoderSize): number =>
  countStoredFloats(compiled) * maxStoredSteps * 4;
const scratchBytes = ({ summaryWidth, states }: CompiledEncoder): number =>
  (padded(summaryWidth) + Math.max(0, ...states.map(({ units }) => padded(units)))) * 4;

export function createDecoderRunner(
  compiled: CompiledNetwork,
  memory: WebAssembly.Memory,
  arena: Arena,
  size: DecoderSize,
): DecoderRunner {
  const compiledEncoder = compiled.encoder!;
  const { summary, summaryWidth, states, memoryWidth } = compiledEncoder;
  const sizes = splitSize(size);
  const encoderArena = { offset: arena.offset, bytes: arenaBytes(compiledEncoder.network, sizes.encoder) };
  const decoderArena = {
    offset: encoderArena.offset + encoderArena.bytes,
    bytes: arenaBytes(compiled, sizes.decoder),
  };
  const sourcesAt = decoderArena.offset + decoderArena.bytes;
  const scratchAt = sourcesAt + sourceBytes(compiled, size);
  const reader: Runner = createRunner(compiledEncoder.network, memory, encoderArena, sizes.encoder);
  const writer: Runner = createRunner(compiled, memory, decoderArena, sizes.decoder);
  const bridge = instantiate(compiledEncoder.bridge, memory);
  const context = {
    functions: instantiate(compiled.module, memory),
    floats: () => new Float32Array(memory.buffer),
  };
  const attentions = compiled.nodes.flatMap((node, index) =>
    node.kind === 'attention' ? [{ node, index }] : [],
  );
  const allocator = createStepAllocator(size.maxStoredSteps);
  const stride = countStoredFloats(compiled) * 4;
  const starts = new Map<ReadSource, number>();
  let rows: ReadSource[] = [];
  const ownStart = readInitialState(writer);

  /**
   * The first state: each part from its dense layer or from the summary, the others from the layers' initial
   * state.
   */
  function startState(vector: Float32Array): Float32Array {
    const state = ownStart.slice();
    const floats = context.floats();
    const x = scratchAt / 4;
    const y = x + padded(summaryWidth);
    floats.fill(0, x, y);
    floats.set(vector, x);
    for (const { at, units, dense } of states)
      if (dense) {
        bridge[dense.linear]!(x * 4, dense.weight, dense.bias, y * 4, 1);
        state.set(floats.subarray(y, y + units), at);
      } else state.set(vector, at);
    return state;
  }

  /** Stores a source's rows [steps, memoryWidth] for attention, and computes its keys. */
  function storeSource(sourceRows: readonly Float32Array[]): ReadSource {
    const steps = sourceRows.length;
    const first = allocator.allocate(steps)!;
    const address = sourcesAt + first * stride;
    const floats = context.floats();
    const width = padded(memoryWidth);
    sourceRows.forEach((row, t) => {
      const at = address / 4 + t * width;
      floats.set(row, at);
      floats.fill(0, at + memoryWidth, at + width);
    });
    const vector = new Float32Array(summaryWidth);
    for (const { from, to, at } of summary)
      vector.set((at === 'last' ? sourceRows.at(-1)! : sourceRows[0]!).subarray(from, to), from);
    const keys = new Map<number, number>();
    let next = address + steps * width * 4;
    for (const { node, index } of attentions) {
      if (!node.keys) continue;
      makeKeys(node, context, { memory: address, keys: next, steps });
      keys.set(index, next);
      next += steps * padded(node.keyWidth) * 4;
    }
    const source = { steps, memory: address, keys, state: startState(vector) };
    starts.set(source, first);
    return source;
  }

  return {
    outputWidth: writer.outputWidth,
    memoryWidth,
    maxRows: size.maxRows,
    get rows() {
      return rows.length;
    },
    hasRoom: (steps) => allocator.fits(steps),

    read(sources) {
      const width = reader.inputWidth === 0 ? reader.idColumns : reader.inputWidth;
      const order = sources
        .map((_, index) => index)
        .sort((a, b) => sources[b]!.length - sources[a]!.length || a - b);
      const steps = order.map((index) => sources[index]!.length / width);
      for (let row = 0; row < steps.length; row++) reader.join();
      const offsets = reader.plan(steps);
      order.forEach((index, row) => {
        for (let t = 0; t < steps[row]!; t++) feed(reader, sources[index]!, t, offsets[t]! + row, width);
      });
      const packed = offsets[offsets.length - 1]!;
      const given = reader.run(
        Int32Array.from({ length: packed }, (_, at) => at),
        'output',
      );
      for (let row = steps.length - 1; row >= 0; row--) reader.leave(row);
      const read: ReadSource[] = [];
      order.forEach((index, row) => {
        const own = Array.from({ length: steps[row]! }, (_, t) => {
          const at = (offsets[t]! + row) * memoryWidth;
          return given.subarray(at, at + memoryWidth);
        });
        read[index] = storeSource(own);
      });
      clearVectorRegisters();
      return read;
    },

    restore: (stored) =>
      storeSource(
        Array.from({ length: stored.length / memoryWidth }, (_, t) =>
          stored.subarray(t * memoryWidth, (t + 1) * memoryWidth),
        ),
      ),

    memoryOf({ steps, memory: address }) {
      const stored = new Float32Array(steps * memoryWidth);
      const floats = context.floats();
      for (let t = 0; t < steps; t++) {
        const at = address / 4 + t * padded(memoryWidth);
        stored.set(floats.subarray(at, at + memoryWidth), t * memoryWidth);
      }
      return stored;
    },

    release(source) {
      allocator.free(starts.get(source)!, source.steps);
      starts.delete(source);
    },

    join(source) {
      rows.push(source);
      return writer.join(source.state);
    },

    arrange(from) {
      if (from.length === rows.length && from.every((row, i) => row === i)) return;
      const saved = new Map([...new Set(from)].map((row) => [row, writer.saveState(row)]));
      const before = rows;
      for (let row = before.length - 1; row >= from.length; row--) writer.leave(row);
      for (let row = before.length; row < from.length; row++) writer.join();
      from.forEach((row, i) => {
        if (row !== i) writer.loadState(i, saved.get(row)!);
      });
      rows = from.map((row) => before[row]!);
    },

    step(ids) {
      const count = rows.length;
      const offsets = writer.plan(Array<number>(count).fill(1));
      writer.ids.set(Array.from(ids).slice(0, count), offsets[0]);
      return writer.run(
        Int32Array.from({ length: count }, (_, row) => row),
        'logits',
        { sources: rows },
      );
    },

    attention: (row) => (attentions.length > 0 ? writer.attention(row, rows[row]!.steps) : null),
  };
}

/** The state of a row before its first step. */
function readInitialState(runner: Runner): Float32Array {
  const row = runner.join();
  const state = runner.saveState(row);
  runner.leave(row);
  return state;
}

function feed(
  { ids, features, inputWidth, maxPacked }: Runner,
  source: Int32Array | Float32Array,
  step: number,
  at: number,
  width: number,
): void {
  if (inputWidth > 0) features.set(source.subarray(step * width, (step + 1) * width), at * width);
  else
    for (let column = 0; column < width; column++)
      ids[column * maxPacked + at] = source[step * width + column]!;
}
