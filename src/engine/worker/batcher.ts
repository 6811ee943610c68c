import type { Generation } from '../../decoding/generation.ts';
import type { Runner, OutputKind } from '../../network/runner.ts';
import type { BatcherOptions } from './batcher-options.ts';
import { chunkSteps } from './chunks.ts';
import { feedRows } from './feed-rows.ts';
import { eventBytes } from '../flow-control.ts';
import type {
  InsideEvent,
  OutputsEvent,
  SequenceReport,
  TextEvent,
  TokenEvent,
} from '../channel/messages.ts';
import { createInsideRows, toInsideEvent } from './inside-steps.ts';
import { chooseOutputKind } from './output-kind.ts';
import { orderRows } from './order-rows.ts';
import { toOutputsEvent } from './reported-outputs.ts';
import { createSlot, isTextDue, rowsToPreempt, takeText, type BatchedSequence, type Slot } from './slot.ts';
import { countRunnableSteps, isGenerating, producesOutput } from './slot-steps.ts';
import { takeWhole, type WaitingWhole } from './take-whole.ts';
import type { TickResult } from './tick-counters.ts';
import { tryNext } from './try-next.ts';

// The step batcher of one network in one worker. Sequences wait in a queue, occupy one row each, advance
// together, one tick after the other, and leave at any step. It does not depend on threads; its clock is a
// parameter.

type Emit = (sequence: number, report: SequenceReport) => void;

export interface Batcher {
  add(sequence: BatchedSequence): void;
  /** Removes a sequence and frees its row. */
  cancel(id: number): void;
  /** Extends a sequence's window by `bytes`. */
  grant(id: number, bytes: number): void;
  /** Sequences in the queue. */
  readonly waiting: number;
  /** Sequences in rows. */
  readonly active: number;
  /** Whether a tick has work: false while every row is stalled by its reader and the queue is empty. */
  readonly runnable: boolean;
  /**
   * Advances the rows that can run.
   * @param othersWait whether another network of the worker has work, which a long tick would hold up
   * @returns counts of the steps run, null when there was nothing to run
   */
  tick(emit: Emit, othersWait?: boolean): TickResult | null;
}

interface Waiting extends WaitingWhole {
  readonly sequence: BatchedSequence;
}

/** Follows a tick that was slower than before only slowly: it may have waited for a processor. */
const followFaster = (average: number, sample: number): number =>
  average + (sample < average ? 0.5 : 0.05) * (sample - average);

/** @param runner runs the network's steps @param options limits of a tick, and the clock */
export function createBatcher(runner: Runner, options: BatcherOptions): Batcher {
  /** In the order of arrival. */
  let queue: Waiting[] = [];
  const slots: Slot[] = [];
  /** Bytes granted to sequences that are still in the queue. */
  const granted = new Map<number, number>();
  let lastOutputKind: OutputKind = 'output';
  let msPerStep = 0;
  let dueFirst = false;

  const countSteps = ({ input }: BatchedSequence): number =>
    input.length / (runner.inputWidth === 0 ? runner.idColumns : runner.inputWidth);

  function join(sequence: BatchedSequence): void {
    runner.join(sequence.resume?.state ?? sequence.from ?? undefined);
    const windowBytes = sequence.windowBytes + (granted.get(sequence.id) ?? 0);
    slots.push(createSlot(sequence, { inputSteps: countSteps(sequence), windowBytes, now: options.now() }));
    granted.delete(sequence.id);
  }

  function leave(row: number): void {
    runner.leave(row);
    const lastSlot = slots.pop()!;
    if (row < slots.length) slots[row] = lastSlot;
  }

  const runMs = (slot: Slot): number => (slot.sequence.resume?.runMs ?? 0) + options.now() - slot.joinedAtMs;

  /** Whether a row's window is used up. A network that is not causal reports once, so it never stalls. */
  const isStalled = (slot: Slot): boolean => runner.causal && slot.windowBytes <= 0;

  /** Sends an event and subtracts its bytes from the row's window. */
  function report(slot: Slot, emit: Emit, event: OutputsEvent | InsideEvent | TokenEvent | TextEvent): void {
    emit(slot.sequence.id, event);
    slot.windowBytes -= eventBytes(event);
    if (slot.windowBytes <= 0) slot.stalledSinceMs = options.now();
  }

  function reportText(slot: Slot, emit: Emit): void {
    const event = takeText(slot);
    if (event) report(slot, emit, event);
  }

  /** Preempts rows for the sequences in the queue that have no row. */
  function preempt(emit: Emit): void {
    const excess = slots.length + queue.length - runner.maxRows;
    if (excess <= 0 || !runner.causal) return;
    const preempted = rowsToPreempt(slots, excess, { ...options, now: options.now() });
    for (const { slot, row } of preempted) {
      reportText(slot, emit);
      const { sequence, stepsRun, tokens, nextId, fedIds } = slot;
      const generation = sequence.generation?.snapshot() ?? null;
      const state = runner.saveState(row);
      emit(sequence.id, {
        kind: 'preempted',
        resume: { step: stepsRun, tokens, state, nextId, fedIds, generation, runMs: runMs(slot) },
      });
      leave(row);
    }
  }

  /** (row, step) pairs that run within a time, by the measured time of recent ones, and fit a tick. */
  const stepsWithin = (ms: number): number => Math.min(runner.maxPacked, Math.floor(ms / msPerStep));

  /**
   * Moves sequences from the queue to free rows; of a network that is not causal, as many as fit one tick
   * whole.
   */
  function fillRows(othersWait: boolean): void {
    if (queue.length === 0) return;
    const rows = runner.maxRows - slots.length;
    if (runner.causal) for (const { sequence } of queue.splice(0, rows)) join(sequence);
    else {
      const present = slots.reduce((sum, { inputSteps }) => sum + inputSteps, 0);
      const taken = takeWhole(queue, {
        rows,
        steps: stepsWithin(options.targetTickMs) - present,
        stepsOfFewRows: stepsWithin(othersWait ? options.targetTickMs : options.maxWholeTickMs) - present,
        mustTake: slots.length === 0,
        dueFirst: (dueFirst = !dueFirst),
      });
      for (const { sequence } of taken) join(sequence);
    }
  }

  /** Steps of each row in this tick; 0 if the row is stalled or requests another kind of output. */
  function planSteps(): { steps: number[]; outputKind: OutputKind } {
    const maxSteps = slots.some(isGenerating) ? options.maxGeneratingChunkSteps : options.maxChunkSteps;
    const stepsLeft = slots.map((slot) => countRunnableSteps(slot, runner));
    const steps = runner.causal
      ? chunkSteps(stepsLeft, maxSteps, Math.max(slots.length, stepsWithin(options.targetTickMs)))
      : stepsLeft;
    slots.forEach((slot, row) => {
      if (isStalled(slot)) steps[row] = 0;
    });
    const producing = slots
      .filter((slot, row) => steps[row]! > 0 && producesOutput(slot, steps[row]!))
      .map(({ outputKind }) => outputKind);
    const outputKind = chooseOutputKind(producing, lastOutputKind);
    if (producing.length > 0) lastOutputKind = outputKind;
    slots.forEach((slot, row) => {
      if (steps[row]! > 0 && slot.outputKind !== outputKind && producesOutput(slot, steps[row]!))
        steps[row] = 0;
    });
    return { steps, outputKind };
  }

  /** Accounts for the steps of one row and reports its outputs. @returns whether the sequence has ended */
  function advance(row: number, steps: number, values: Float32Array, emit: Emit): boolean {
    const slot = slots[row]!;
    const { sequence } = slot;
    const { generation } = sequence;
    slot.stepsFed = Math.min(slot.inputSteps, slot.stepsFed + steps);
    slot.stepsRun += steps;
    slot.stepsSinceJoin += steps;
    const ended = slot.stepsFed === slot.inputSteps;
    if (generation) return ended && generate(row, generation, values, emit);
    if (values.length > 0 && slot.stepsRun > sequence.alreadyDelivered)
      report(slot, emit, toOutputsEvent(slot, steps, values));
    if (ended) finish(row, null, emit);
    return ended;
  }

  /** Reports the end of a row's sequence. */
  function finish(row: number, reason: 'stop' | 'length' | null, emit: Emit): void {
    const slot = slots[row]!;
    reportText(slot, emit);
    const { sequence, stepsRun, nextId, fedIds } = slot;
    const state = sequence.keepState ? { values: runner.saveState(row), nextId, fedIds } : null;
    emit(sequence.id, { kind: 'done', finish: reason, steps: stepsRun, runMs: runMs(slot), state });
  }

  function generate(row: number, generation: Generation, logits: Float32Array, emit: Emit): boolean {
    const slot = slots[row]!;
    const { id } = slot.sequence;
    const next = tryNext(generation, logits);
    if (typeof next === 'string') {
      emit(id, { kind: 'failed', reason: next });
      return true;
    }
    for (const token of next.emitted) {
      const index = slot.tokens++;
      if (index < slot.sequence.alreadyDelivered) continue;
      if (generation.textOnly) {
        slot.text += token.text;
        slot.textTokens++;
      } else report(slot, emit, { kind: 'token', index, ...token });
    }
    if (isTextDue(slot)) reportText(slot, emit);
    slot.nextId = next.id;
    if (next.finish === null) return false;
    finish(row, next.finish, emit);
    return true;
  }

  return {
    get waiting() {
      return queue.length;
    },
    get active() {
      return slots.length;
    },
    get runnable() {
      return queue.length > 0 || !slots.every(isStalled);
    },
    grant(id, bytes) {
      const slot = slots.find(({ sequence }) => sequence.id === id);
      if (slot) slot.windowBytes += bytes;
      else if (queue.some(({ sequence }) => sequence.id === id))
        granted.set(id, (granted.get(id) ?? 0) + bytes);
    },
    add(sequence) {
      if (!runner.causal && countSteps(sequence) > runner.maxPacked)
        throw new RangeError(`${countSteps(sequence)} steps do not fit a tick of ${runner.maxPacked}`);
      queue.push({ sequence, steps: countSteps(sequence), passedOver: 0 });
    },
    cancel(id) {
      queue = queue.filter(({ sequence }) => sequence.id !== id);
      granted.delete(id);
      const row = slots.findIndex(({ sequence }) => sequence.id === id);
      if (row >= 0) leave(row);
    },

    tick(emit, othersWait = false) {
      preempt(emit);
      fillRows(othersWait);
      if (slots.every(isStalled)) return null;
      const startedAtMs = options.now();
      const planned = planSteps();
      const steps = orderRows(planned.steps, (a, b) => {
        runner.swap(a, b);
        [slots[a], slots[b]] = [slots[b]!, slots[a]!];
      });
      const offsets = runner.plan(steps);
      feedRows(runner, slots, steps, offsets);

      const outputRows: number[] = [];
      const ends = steps.map((count, row) => {
        const slot = slots[row]!;
        if (producesOutput(slot, count)) {
          const every = slot.sequence.steps === 'every' && !slot.sequence.generation;
          for (let t = every ? 0 : count - 1; t < count; t++) outputRows.push(offsets[t]! + row);
        }
        return outputRows.length;
      });
      const inside = createInsideRows(slots, steps);
      const values = runner.run(outputRows, planned.outputKind, { inside });
      const width = planned.outputKind === 'hidden' ? runner.hiddenWidth : runner.outputWidth;

      const ended: number[] = [];
      steps.forEach((count, row) => {
        const failure = runner.failure(row);
        if (failure !== null) {
          emit(slots[row]!.sequence.id, { kind: 'failed', reason: failure, code: 'input_mismatch' });
          ended.push(row);
          return;
        }
        const seen = inside?.get(row);
        if (seen) {
          const { sequence, stepsRun } = slots[row]!;
          report(slots[row]!, emit, toInsideEvent(sequence.inside!, seen, stepsRun));
        }
        const rowValues = values.subarray((ends[row - 1] ?? 0) * width, ends[row]! * width);
        if (advance(row, count, rowValues, emit)) ended.push(row);
      });
      for (const row of ended.reverse()) leave(row);

      const packed = offsets[offsets.length - 1]!;
      const ms = options.now() - startedAtMs;
      msPerStep = msPerStep === 0 ? ms / packed : followFaster(msPerStep, ms / packed);
      const sequenceSteps = steps.reduce((sum, count) => sum + count, 0);
      return { rows: steps.length, steps: packed, padding: packed - sequenceSteps, sequenceSteps, ms };
    },
  };
}
