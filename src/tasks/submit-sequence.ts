import type { DoneEvent, SequenceEvent } from '../engine/delivery.ts';
import { createEventSource, type EventSource } from '../engine/event-source.ts';
import type { EvaluationRequest, SequenceRequest } from '../engine/engine-interface.ts';
import { joinFed, type Continuation } from './continuation.ts';
import type { Deadlines, TaskContext } from './context.ts';
import type { PrefixPlan } from './prefix/prefix-states.ts';

// Submits one sequence of a call. Where the call goes on from a state, or its text begins like one that was read
// lately, the sequence starts there.

type Parts = Pick<TaskContext, 'engine' | 'prefixes'>;
type OwnCall = Pick<Deadlines, 'continuation' | 'prefix'>;

/** The first submission is made at once, so that a refusal is known in this turn of the event loop. */
export function submitSequence(
  parts: Parts,
  call: OwnCall,
  request: SequenceRequest | EvaluationRequest,
): EventSource<SequenceEvent> {
  if ('inputs' in request) return parts.engine.submit(request);
  const plan = planPrefix(parts, call, request);
  if (plan) return submitAfterPrefix(parts, call, request, plan);
  const { continuation } = call;
  if (!continuation) return parts.engine.submit(request);
  // a source that is read takes the place of the one before
  const from = request.decode && request.input.length > 0 ? undefined : continuation.from;
  const finish = (event: DoneEvent): DoneEvent => {
    keepState(continuation, event, request.input);
    return event;
  };
  return parts.engine.submit({ ...request, from, keepState: true, finish });
}

function planPrefix(
  { prefixes }: Parts,
  { continuation, prefix }: OwnCall,
  { input, steps, decode, inside, network }: SequenceRequest,
): PrefixPlan | null {
  // a sequence whose every output is wanted, or what is inside, cannot skip a step
  if (!prefixes || !prefix || steps !== 'last' || decode || inside || continuation?.from) return null;
  const { causal, idColumns } = network.info;
  if (!(input instanceof Int32Array) || !causal || idColumns.length !== 1) return null;
  return prefixes.plan(prefix, input);
}

function submitAfterPrefix(
  { engine, prefixes }: Parts,
  { continuation, prefix }: OwnCall,
  request: SequenceRequest,
  { skip, from, stopAt }: PrefixPlan,
): EventSource<SequenceEvent> {
  const ids = request.input as Int32Array;
  const submitRest = (fed: number, state: Float32Array | null): EventSource<SequenceEvent> => {
    const finish = (event: DoneEvent): DoneEvent => {
      const { values, fedIds } = event.state!;
      prefixes!.keep(prefix!, joinFed(ids, fedIds), values);
      if (continuation) keepState(continuation, event, ids);
      return { ...event, steps: event.steps + fed - skip, reusedSteps: skip };
    };
    const input = ids.subarray(fed);
    return engine.submit({ ...request, input, from: state ?? undefined, keepState: true, finish });
  };
  if (stopAt === null) return submitRest(skip, from);
  const { generation: _, ...reading } = request;
  const before = engine.submit({
    ...reading,
    output: 'hidden',
    input: ids.subarray(skip, stopAt),
    from: from ?? undefined,
    keepState: true,
    onEnd: undefined,
  });
  return readThenGoOn(before, (state) => {
    prefixes!.keep(prefix!, ids.subarray(0, stopAt), state);
    return submitRest(stopAt, state);
  });
}

/** Reads to the end of one sequence, whose events are dropped, and goes on with another from its state. */
function readThenGoOn(
  before: EventSource<SequenceEvent>,
  goOn: (state: Float32Array) => EventSource<SequenceEvent>,
): EventSource<SequenceEvent> {
  let current = before;
  let listener = (): void => {};
  return createEventSource({
    take() {
      while (current === before) {
        const event = before.take();
        if (event === null) return null;
        if (event.kind !== 'done') continue;
        current = goOn(event.state!.values);
        current.listen(listener);
      }
      return current.take();
    },
    ended: () => current.ended,
    listen(ready) {
      listener = ready;
      current.listen(ready);
    },
    close: () => current.close(),
  });
}

function keepState(
  { keep }: Continuation,
  { state }: Pick<DoneEvent, 'state'>,
  input: SequenceRequest['input'],
): void {
  if (state) keep(state, input);
}
