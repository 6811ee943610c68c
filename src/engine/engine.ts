import { UnrollError } from '../errors.ts';
import { checkRoom } from './admission.ts';
import { checkRequest } from './check-request.ts';
import type {
  Engine,
  EngineOptions,
  LoadOptions,
  NetworkHandle,
  SequenceRequest,
} from './engine-interface.ts';
import { createDelivery } from './delivery.ts';
import { createDispatcher } from './dispatch.ts';
import { grantBytes, resumeBytes } from './flow-control.ts';
import { LiveMap } from './live-map.ts';
import type { FromWorker, SequenceReport } from './channel/messages.ts';
import { createNetworkLoad, type NetworkLoad, type StepCount } from './network-load.ts';
import { createNetworks } from './networks.ts';
import { lengthCheck } from './length-check.ts';
import { freePlacement, placeNetwork, type Placement } from './placement.ts';
import { createPool, type Member } from './pool.ts';
import { countUnreconciled } from './reconcile.ts';
import { countSteps, createSequence, startMessage, type Sequence } from './sequence.ts';
import { sumCounters } from './worker/tick-counters.ts';
import { packTokens } from '../vocabulary/token-table.ts';
import { cancelled, checkInTime, deadlineExceeded, watch } from './watch.ts';

// Sequences in, events out: admission, deadlines, cancellation, and the workers behind them.

export function createEngine(options: EngineOptions): Engine {
  const { kernel, workers, slots, queue, maxExpectedMs = Infinity, hooks } = options;
  /** Those that have not ended. */
  const sequences = new LiveMap<number, Sequence>();
  const loads = new Map<number, NetworkLoad>();
  const admitted = new WeakSet<object>();
  const unread = { bytes: 0 };
  const dispatcher = createDispatcher<Sequence, Member>(slots, begin);
  const networks = createNetworks(workers);
  const limits = { slots: workers * slots, queue, maxExpectedMs };
  const crowd = () => ({ sequences: sequences.size, networks: networks.size });
  const drained: (() => void)[] = [];
  let lastId = 0;
  let lastNetwork = 0;
  let draining = false;
  let closed = false;
  let willDispatch = false;

  const pool = createPool({
    size: workers,
    memory: kernel.memory.memory,
    ringBytes: options.ringBytes,
    events: {
      started: ({ thread, index }) => hooks?.workerStarted?.(thread, index),
      message: receive,
      died(member, reason) {
        hooks?.workerDied?.(member.index, reason);
        networks.died(member);
        for (const sequence of dispatcher.lost(member))
          fail(sequence, new UnrollError('internal', `the workers that ran this sequence died: ${reason}`));
      },
      settled() {
        for (const load of loads.values()) load.measure();
        dispatcher.run();
      },
    },
  });

  function receive(member: Member, message: FromWorker): void {
    if (message.kind === 'ready') networks.ready(member);
    else if (message.kind === 'loaded') {
      const { network, error } = message;
      networks.loaded(member, network, error);
      if (error !== null)
        hooks?.problem?.(`worker ${member.index} could not load network ${network}: ${error}`);
      else if (networks.get(network)) dispatcher.serves(member, network);
    } else if (message.kind === 'unloaded') networks.unloaded(member, message.network);
    else
      for (const { sequence: id, report } of message.reports) {
        const sequence = sequences.get(id);
        // it may have been cancelled while this was on its way
        if (sequence && dispatcher.workerOf(sequence) === member) handleReport(sequence, report);
      }
  }

  function handleReport(sequence: Sequence, report: SequenceReport): void {
    switch (report.kind) {
      case 'outputs':
        countSteps(sequence, report.first + report.steps);
        return sequence.delivery.give(report);
      case 'token':
        countSteps(sequence, sequence.steps.inputSteps + report.index);
        return sequence.delivery.give(report);
      case 'decoded':
        return sequence.delivery.give(report);
      case 'parked':
        sequence.resume = report.resume;
        countSteps(sequence, report.resume?.step ?? 0);
        if (sequence.delivery.unreadBytes <= resumeBytes) return dispatcher.park(sequence);
        sequence.load.remove(sequence.steps);
        return dispatcher.pause(sequence);
      case 'failed':
        return fail(sequence, new UnrollError(report.code ?? 'internal', report.reason));
      case 'done': {
        const { finish, steps, runMs } = report;
        const queuedMs = Math.max(0, performance.now() - sequence.submitted - runMs);
        countSteps(sequence, steps);
        sequence.load.answered(sequence.steps, steps);
        end(sequence);
        networks.get(sequence.network)?.meter?.ended({ queuedMs, runMs });
        hooks?.ended?.({ queuedMs, runMs, steps });
        sequence.delivery.done({ kind: 'done', finish, steps, queuedMs, runMs });
      }
    }
  }

  /** The reader has taken events: its worker may send as many again. */
  function taken(sequence: Sequence, bytes: number): void {
    sequence.takenBytes += bytes;
    if (sequence.phase === 'running') {
      if (sequence.takenBytes < grantBytes) return;
      const grant = { kind: 'grant', sequence: sequence.id, bytes: sequence.takenBytes } as const;
      sequence.takenBytes = 0;
      dispatcher.workerOf(sequence)!.send(grant);
    } else if (sequence.phase === 'paused' && sequence.delivery.unreadBytes <= resumeBytes) {
      sequence.load.add(sequence.steps);
      dispatcher.resume(sequence);
      dispatchSoon();
    }
  }

  /** Sends a sequence to a worker, unless it could not finish in time. */
  function begin(sequence: Sequence, worker: Member): void {
    const { load, steps, stepsRun, request } = sequence;
    if (stepsRun === 0 && performance.now() + load.leastMs(steps) > request.deadlineMs)
      return fail(sequence, deadlineExceeded('there was no slot in time to finish by the deadline'));
    sequence.takenBytes = 0;
    worker.send(startMessage(sequence));
  }

  /** Removes a sequence everywhere. @param cancel whether its worker still runs it */
  function end(sequence: Sequence, cancel = false): void {
    sequences.delete(sequence.id);
    sequence.stopWatching();
    if (sequence.phase !== 'paused') sequence.load.remove(sequence.steps);
    const worker = dispatcher.remove(sequence);
    if (cancel) worker?.send({ kind: 'cancel', sequence: sequence.id });
    if (sequences.size === 0) for (const resolve of drained.splice(0)) resolve();
    dispatchSoon();
  }
  function fail(sequence: Sequence, error: UnrollError): void {
    if (!sequences.has(sequence.id)) return;
    end(sequence, true);
    sequence.delivery.fail(error);
  }

  /** After this turn, so that sequences submitted together start in one tick. */
  function dispatchSoon(): void {
    if (willDispatch) return;
    willDispatch = true;
    queueMicrotask(() => {
      willDispatch = false;
      dispatcher.run();
    });
  }

  /** @throws UnrollError when the request is wrong, there is no room, or it is too late */
  function admit(request: SequenceRequest): { load: NetworkLoad; steps: StepCount } {
    const { network, group, deadlineMs } = request;
    if (draining) throw new UnrollError('shutting_down', 'the server takes no new work');
    const loaded = networks.get(network.id);
    if (!loaded) throw new UnrollError('model_not_ready', 'the network is not loaded');
    const inputSteps = checkRequest(request, network.info);
    loaded.checkLength?.(inputSteps);
    checkInTime(request);
    const load = loads.get(network.id)!;
    const steps = load.count(request, inputSteps);
    const leftMs = deadlineMs - performance.now();
    const grouped = group !== undefined && admitted.has(group);
    checkRoom(limits, { ...crowd(), load, steps: steps.stepsLeft, leftMs, grouped });
    if (group) admitted.add(group);
    return { load, steps };
  }

  async function announce(
    placement: Placement,
    { tokens, startId, endId, meter }: LoadOptions = {},
  ): Promise<NetworkHandle> {
    const id = ++lastNetwork;
    const packed = tokens && 'slots' in tokens ? tokens : packTokens(tokens ?? []);
    const checkLength = lengthCheck(placement.program, kernel.memory.memory);
    const stepsRun = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    const counter = new BigInt64Array(stepsRun);
    const countRun = (): number => Number(Atomics.load(counter, 0));
    loads.set(
      id,
      createNetworkLoad(workers * slots, () => performance.now(), countRun),
    );
    try {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      await networks.announce({
        id,
        placement,
        checkLength,
        tokens: packed,
        startId,
        endId,
        meter,
        stepsRun,
      });
    } catch (error) {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      loads.delete(id);
      dispatcher.stops(id);
      await networks.withdraw(id);
      freePlacement(placement, kernel);
      throw error;
    }
    return { id, info: placement.info };
  }

  return {
    kernel: { path: kernel.path, reason: kernel.reason },

    async load(spec, weights, loadOptions) {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      return announce(placeNetwork(spec, weights, options), loadOptions);
    },
    announce,

    async unload({ id }) {
      const network = networks.get(id);
      if (!network) return;
      const gone = networks.withdraw(id);
      for (const sequence of sequences.values())
        if (sequence.network === id)
          fail(sequence, new UnrollError('model_not_ready', 'the network was unloaded'));
      dispatcher.stops(id);
      loads.delete(id);
      await gone;
      freePlacement(network.placement, kernel);
    },

    submit(request) {
      let sequence: Sequence | null = null;
      const delivery = createDelivery({
        abandoned: () => sequence && fail(sequence, cancelled()),
        taken: (bytes) => sequence && taken(sequence, bytes),
        unread,
      });
      try {
        const { load, steps } = admit(request);
        sequence = createSequence(++lastId, request, { delivery, load, steps });
      } catch (error) {
        delivery.fail(error as Error);
        return delivery.events;
      }
      const added = sequence;
      sequences.set(added.id, added);
      added.load.add(added.steps);
      dispatcher.add(added);
      // last: the deadline may have passed since it was admitted, and then this ends what was added
      added.stopWatching = watch(request, (error) => fail(added, error));
      dispatchSoon();
      return delivery.events;
    },

    checkRoom({ id }) {
      const load = loads.get(id);
      if (load) checkRoom(limits, { ...crowd(), load, steps: 1, leftMs: Infinity, grouped: false });
    },

    stats: () => ({
      workers,
      restarts: pool.restarts,
      networks: networks.size,
      waiting: dispatcher.waiting,
      running: dispatcher.running,
      paused: dispatcher.paused,
      unreconciled: countUnreconciled(sequences.values(), dispatcher.counts()),
      unreadBytes: unread.bytes,
      ...sumCounters(pool.counters),
    }),

    async drain(ms) {
      draining = true;
      if (sequences.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
      await Promise.race([late, new Promise<void>((resolve) => drained.push(resolve))]);
      clearTimeout(timer);
    },

    async close() {
      draining = true;
      for (const sequence of sequences.values())
        fail(sequence, new UnrollError('shutting_down', 'the server is shutting down'));
      closed = true;
      await pool.close();
      for (const member of pool.members) networks.died(member);
      for (const { placement, id } of networks.all) {
        void networks.withdraw(id);
        freePlacement(placement, kernel);
      }
    },
  };
}
