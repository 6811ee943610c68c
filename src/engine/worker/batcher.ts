import type { Generation } from '../../decoding/generation.ts';
import type { Runner, Wanted } from '../../network/runner.ts';
import type { BatcherOptions } from './batcher-options.ts';
import { chunkSteps } from './chunks.ts';
import { eventBytes, outputsBytes } from '../flow-control.ts';
import type { OutputsEvent, SequenceReport, TokenEvent } from '../channel/messages.ts';
import { chooseOutputKind } from './output-kind.ts';
import { orderRows } from './order-rows.ts';
import { rowsToPreempt, type BatchedSequence, type Slot } from './slot.ts';
import type { TickResult } from './tick-counters.ts';

// The step batcher of one network in one worker. Sequences wait in line, occupy a row each, advance together tick by
// tick, and leave at any step. It knows nothing of threads; its clock is handed in.

type Emit = (sequence: number, report: SequenceReport) => void;

export interface Batcher {
  add(sequence: BatchedSequence): void;
  /** Forgets a sequence; its row is free at once. */
  cancel(id: number): void;
  /** Lets a sequence give so many more bytes. */
  grant(id: number, bytes: number): void;
  /** Sequences in line, and in rows. */
  readonly waiting: number;
  readonly active: number;
  /** Whether a tick has something to do: not when every row rests for its reader and none waits. */
  readonly runnable: boolean;
  /** Advances some rows. @returns what was run, null when there was nothing to run */
  tick(emit: Emit): TickResult | null;
}

export function createBatcher(runner: Runner, options: BatcherOptions): Batcher {
  let line: BatchedSequence[] = [];
  const slots: Slot[] = [];
  /** Bytes granted to sequences that are still in line. */
  const granted = new Map<number, number>();
  let lastWhat: Wanted = 'output';
  let msPerStep = 0;

  const lengthOf = ({ input }: BatchedSequence): number =>
    input.length / (runner.inputWidth === 0 ? runner.idColumns : runner.inputWidth);

  function join(sequence: BatchedSequence): void {
    runner.join(sequence.resume?.state);
    slots.push({
      sequence,
      outputKind: sequence.generation ? 'logits' : sequence.output,
      inputSteps: lengthOf(sequence),
      stepsFed: 0,
      stepsRun: sequence.resume?.step ?? 0,
      tokens: sequence.resume?.tokens ?? 0,
      nextId: sequence.resume?.nextId ?? null,
      stepsSinceJoin: 0,
      joinedAtMs: options.now(),
      windowBytes: sequence.windowBytes + (granted.get(sequence.id) ?? 0),
      stalledSinceMs: options.now(),
    });
    granted.delete(sequence.id);
  }

  function leave(row: number): void {
    runner.leave(row);
    const last = slots.pop()!;
    if (row < slots.length) slots[row] = last;
  }

  const runMs = (slot: Slot): number => (slot.sequence.resume?.runMs ?? 0) + options.now() - slot.joinedAtMs;

  /** What a network that is not causal gives, it gives at once: there is nothing to rest for. */
  const rests = (slot: Slot): boolean => runner.causal && slot.windowBytes <= 0;

  /** Reports what a row gives, at the expense of its window. */
  function give(slot: Slot, emit: Emit, event: OutputsEvent | TokenEvent): void {
    emit(slot.sequence.id, event);
    slot.windowBytes -= eventBytes(event);
    if (slot.windowBytes <= 0) slot.stalledSinceMs = options.now();
  }

  /** Rows make way for as many as wait. */
  function park(emit: Emit): void {
    const excess = slots.length + line.length - runner.maxRows;
    if (excess <= 0 || !runner.causal) return;
    const parked = rowsToPreempt(slots, excess, { ...options, now: options.now() });
    for (const { slot, row } of parked) {
      const { sequence, stepsRun, tokens, nextId } = slot;
      const generation = sequence.generation?.snapshot() ?? null;
      const state = runner.saveState(row);
      emit(sequence.id, {
        kind: 'preempted',
        resume: { step: stepsRun, tokens, state, nextId, generation, runMs: runMs(slot) },
      });
      leave(row);
    }
  }

  /** (row, step) pairs that a tick should hold, by how long they took of late. */
  const budget = (): number => Math.min(runner.maxPacked, Math.floor(options.targetTickMs / msPerStep));

  /** A causal network takes whoever waits; another takes, in order, as many whole sequences as fit a tick. */
  function fillRows(): void {
    let taken = 0;
    let room = budget() - slots.reduce((sum, { inputSteps }) => sum + inputSteps, 0);
    for (const sequence of line) {
      if (slots.length === runner.maxRows) break;
      room -= lengthOf(sequence);
      if (!runner.causal && room < 0 && slots.length > 0) break;
      join(sequence);
      taken++;
    }
    line = line.slice(taken);
  }

  const isGenerating = (slot: Slot): boolean => slot.stepsFed === slot.inputSteps;
  /** Steps that a row can take now. One report of outputs is kept small, unless a single step is larger. */
  function remaining(slot: Slot): number {
    if (isGenerating(slot)) return 1;
    const left = slot.inputSteps - slot.stepsFed;
    if (!runner.causal || slot.sequence.generation || slot.sequence.steps === 'last') return left;
    const width = slot.outputKind === 'hidden' ? runner.hiddenWidth : runner.outputWidth;
    return Math.min(left, Math.max(1, Math.floor(outputsBytes / (4 * width))));
  }
  /** Whether running `steps` steps gives something that the sequence asked for. */
  const gives = (slot: Slot, steps: number): boolean =>
    (slot.sequence.steps === 'every' && !slot.sequence.generation) ||
    slot.stepsFed + steps >= slot.inputSteps;

  /** Steps of each row in this tick; 0 for rows that rest, or want another kind of value than the tick gives. */
  function planSteps(): { steps: number[]; what: Wanted } {
    const longest = slots.some(isGenerating) ? options.maxGeneratingChunkSteps : options.maxChunkSteps;
    const left = slots.map(remaining);
    const steps = runner.causal ? chunkSteps(left, longest, Math.max(slots.length, budget())) : left;
    slots.forEach((slot, row) => {
      if (rests(slot)) steps[row] = 0;
    });
    const giving = slots
      .filter((slot, row) => steps[row]! > 0 && gives(slot, steps[row]!))
      .map(({ outputKind }) => outputKind);
    const what = chooseOutputKind(giving, lastWhat);
    if (giving.length > 0) lastWhat = what;
    slots.forEach((slot, row) => {
      if (steps[row]! > 0 && slot.outputKind !== what && gives(slot, steps[row]!)) steps[row] = 0;
    });
    return { steps, what };
  }

  function feed(steps: readonly number[], offsets: Int32Array): void {
    const { ids, features, inputWidth, idColumns, maxPacked } = runner;
    steps.forEach((count, row) => {
      const { sequence, stepsFed, nextId } = slots[row]!;
      for (let t = 0; t < count; t++) {
        const at = offsets[t]! + row;
        if (inputWidth > 0)
          features.set(
            sequence.input.subarray((stepsFed + t) * inputWidth, (stepsFed + t + 1) * inputWidth),
            at * inputWidth,
          );
        else if (stepsFed + t >= slots[row]!.inputSteps) ids[at] = nextId!;
        else
          for (let column = 0; column < idColumns; column++)
            ids[column * maxPacked + at] = sequence.input[(stepsFed + t) * idColumns + column]!;
      }
    });
  }

  /** @returns whether the sequence has ended */
  function advance(slot: Slot, steps: number, values: Float32Array, emit: Emit): boolean {
    const { sequence } = slot;
    const { id, generation } = sequence;
    slot.stepsFed = Math.min(slot.inputSteps, slot.stepsFed + steps);
    slot.stepsRun += steps;
    slot.stepsSinceJoin += steps;
    const ended = slot.stepsFed === slot.inputSteps;
    if (generation) return ended && generate(slot, generation, values, emit);
    if (values.length > 0 && slot.stepsRun > sequence.alreadyDelivered) {
      const given = sequence.steps === 'every' ? steps : 1;
      const width = values.length / given;
      const first = slot.stepsRun - given;
      give(slot, emit, { kind: 'outputs', first, steps: given, width, values: values.slice() });
    }
    if (ended) emit(id, { kind: 'done', finish: null, steps: slot.stepsRun, runMs: runMs(slot) });
    return ended;
  }

  function generate(slot: Slot, generation: Generation, logits: Float32Array, emit: Emit): boolean {
    const { id } = slot.sequence;
    const next = tryNext(generation, logits);
    if (typeof next === 'string') {
      emit(id, { kind: 'failed', reason: next });
      return true;
    }
    for (const token of next.emitted) {
      const index = slot.tokens++;
      if (index >= slot.sequence.alreadyDelivered) give(slot, emit, { kind: 'token', index, ...token });
    }
    slot.nextId = next.id;
    if (next.finish === null) return false;
    emit(id, { kind: 'done', finish: next.finish, steps: slot.stepsRun, runMs: runMs(slot) });
    return true;
  }

  return {
    get waiting() {
      return line.length;
    },
    get active() {
      return slots.length;
    },
    get runnable() {
      return line.length > 0 || !slots.every(rests);
    },
    grant(id, bytes) {
      const slot = slots.find(({ sequence }) => sequence.id === id);
      if (slot) slot.windowBytes += bytes;
      else if (line.some((sequence) => sequence.id === id)) granted.set(id, (granted.get(id) ?? 0) + bytes);
    },
    add(sequence) {
      if (!runner.causal && lengthOf(sequence) > runner.maxPacked)
        throw new RangeError(`${lengthOf(sequence)} steps do not fit a tick of ${runner.maxPacked}`);
      line.push(sequence);
    },
    cancel(id) {
      line = line.filter((sequence) => sequence.id !== id);
      granted.delete(id);
      const row = slots.findIndex(({ sequence }) => sequence.id === id);
      if (row >= 0) leave(row);
    },

    tick(emit) {
      park(emit);
      fillRows();
      if (slots.every(rests)) return null;
      const began = options.now();
      const planned = planSteps();
      const steps = orderRows(planned.steps, (a, b) => {
        runner.swap(a, b);
        [slots[a], slots[b]] = [slots[b]!, slots[a]!];
      });
      const offsets = runner.plan(steps);
      feed(steps, offsets);

      const wanted: number[] = [];
      const ends = steps.map((count, row) => {
        const slot = slots[row]!;
        if (gives(slot, count)) {
          const every = slot.sequence.steps === 'every' && !slot.sequence.generation;
          for (let t = every ? 0 : count - 1; t < count; t++) wanted.push(offsets[t]! + row);
        }
        return wanted.length;
      });
      const values = runner.run(wanted, planned.what);
      const width = planned.what === 'hidden' ? runner.hiddenWidth : runner.outputWidth;

      const ended: number[] = [];
      steps.forEach((count, row) => {
        const failure = runner.failureOf(row);
        if (failure !== null) {
          emit(slots[row]!.sequence.id, { kind: 'failed', reason: failure, code: 'input_mismatch' });
          ended.push(row);
          return;
        }
        const mine = values.subarray((ends[row - 1] ?? 0) * width, ends[row]! * width);
        if (advance(slots[row]!, count, mine, emit)) ended.push(row);
      });
      for (const row of ended.reverse()) leave(row);

      const packed = offsets[offsets.length - 1]!;
      const ms = options.now() - began;
      msPerStep = msPerStep === 0 ? ms / packed : msPerStep + 0.2 * (ms / packed - msPerStep);
      const sequenceSteps = steps.reduce((sum, count) => sum + count, 0);
      return { rows: steps.length, steps: packed, padding: packed - sequenceSteps, sequenceSteps, ms };
    },
  };
}

/** One sequence's decoding must not end the others in its batch. @returns the reason when it fails */
function tryNext(generation: Generation, logits: Float32Array): ReturnType<Generation['next']> | string {
  try {
    return generation.next(logits);
  } catch (error) {
    return String(error);
  }
}
