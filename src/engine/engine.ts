import { UnrollError } from '../errors.ts';
import { checkRequest } from './check-request.ts';
import type { Engine, EngineOptions, SequenceRequest } from './engine-interface.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { createDispatcher } from './dispatch.ts';
import type { FromWorker, Resume, SequenceReport } from './messages.ts';
import { LiveMap } from './live-map.ts';
import { createNetworks } from './networks.ts';
import { freePlacement, placeNetwork } from './placement.ts';
import { createPool, type Member } from './pool.ts';
import { createRetryAfter } from './retry-after.ts';
import { sumCounters } from './tick-counters.ts';
import { cancelled, checkInTime, watch } from './watch.ts';

// Sequences in, events out: admission, deadlines, cancellation, and the workers behind them.

interface Sequence {
  readonly id: number;
  readonly network: number;
  readonly request: SequenceRequest;
  readonly delivery: Delivery;
  readonly submitted: number;
  resume: Resume | null;
  deaths: number;
  /** Stops the deadline and the signal. */
  stopWatching: () => void;
}

export function createEngine(options: EngineOptions): Engine {
  const { kernel, workers, slots, queue, maxSteps, hooks } = options;
  const sequences = new LiveMap<number, Sequence>();
  const perNetwork = new Map<number, number>();
  const dispatcher = createDispatcher<Sequence, Member>(slots, begin);
  const networks = createNetworks(workers);
  const retryAfter = createRetryAfter();
  const drained: (() => void)[] = [];
  let lastId = 0;
  let lastNetwork = 0;
  let draining = false;
  let closed = false;
  let willDispatch = false;

  const pool = createPool({
    size: workers,
    memory: kernel.memory.memory,
    events: {
      started: ({ thread, index }) => hooks?.workerStarted?.(thread, index),
      message: receive,
      died(member, reason) {
        hooks?.workerDied?.(member.index, reason);
        networks.died(member);
        for (const sequence of dispatcher.lost(member))
          fail(sequence, new UnrollError('internal', `the workers that ran this sequence died: ${reason}`));
      },
      settled: () => dispatcher.run(),
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
        // none when it was cancelled while this was on its way
        if (sequence) hear(sequence, report);
      }
  }

  function hear(sequence: Sequence, report: SequenceReport): void {
    switch (report.kind) {
      case 'outputs':
      case 'token':
      case 'decoded':
        return sequence.delivery.give(report);
      case 'parked':
        sequence.resume = report.resume;
        return dispatcher.park(sequence);
      case 'failed':
        return fail(sequence, new UnrollError(report.code ?? 'internal', report.reason));
      case 'done': {
        const { finish, steps, runMs } = report;
        const queuedMs = Math.max(0, performance.now() - sequence.submitted - runMs);
        retryAfter.ended(runMs);
        end(sequence);
        networks.get(sequence.network)?.meter?.ended({ queuedMs, runMs });
        hooks?.ended?.({ queuedMs, runMs, steps });
        sequence.delivery.done({ kind: 'done', finish, steps, queuedMs, runMs });
      }
    }
  }

  /** Sends a sequence to a worker: what is left of its input, and where it stands. */
  function begin(sequence: Sequence, worker: Member): void {
    const { id, network, resume } = sequence;
    const { input, want, what, generation, decode, network: handle } = sequence.request;
    const fed = (resume?.step ?? 0) * Math.max(1, handle.info.inputWidth, handle.info.idColumns.length);
    worker.send({
      kind: 'start',
      sequence: id,
      network,
      input: fed === 0 ? input : input.subarray(fed),
      want,
      what,
      generation: generation ?? null,
      decode: decode ?? null,
      resume,
    });
  }

  /** The books forget a sequence. A worker that has it is told to. */
  function end(sequence: Sequence, tell = false): void {
    sequences.delete(sequence.id);
    const left = perNetwork.get(sequence.network)! - 1;
    if (left === 0) perNetwork.delete(sequence.network);
    else perNetwork.set(sequence.network, left);
    sequence.stopWatching();
    const worker = dispatcher.remove(sequence);
    if (tell) worker?.send({ kind: 'cancel', sequence: sequence.id });
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

  /** @throws UnrollError when there is no place, or no point */
  function admit(request: SequenceRequest): void {
    const { network } = request;
    if (draining) throw new UnrollError('shutting_down', 'the server takes no new work');
    const loaded = networks.get(network.id);
    if (!loaded) throw new UnrollError('model_not_ready', 'the network is not loaded');
    const steps = checkRequest(request, network.info);
    loaded.placement.checkLength?.(steps);
    const places = queue + workers * slots;
    // one network's callers cannot keep another's out altogether
    const share = queue / networks.size;
    if (sequences.size >= places && (perNetwork.get(network.id) ?? 0) >= share) {
      const retryAfterSeconds = retryAfter.seconds(sequences.size, workers * slots);
      throw new UnrollError('overloaded', `${sequences.size} sequences are running or waiting`, {
        retryAfterSeconds,
      });
    }
    checkInTime(request);
  }

  return {
    kernel: { path: kernel.path, reason: kernel.reason },

    async load(spec, weights, { tokens = [], startId, endId, meter } = {}) {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      const placement = placeNetwork(spec, weights, { kernel, workers, slots, maxSteps });
      const id = ++lastNetwork;
      try {
        await networks.announce({ id, placement, tokens, startId, endId, meter });
      } catch (error) {
        if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
        await networks.withdraw(id);
        freePlacement(placement, kernel);
        throw error;
      }
      return { id, info: placement.info };
    },

    async unload({ id }) {
      const network = networks.get(id);
      if (!network) return;
      const gone = networks.withdraw(id);
      for (const sequence of sequences.values())
        if (sequence.network === id)
          fail(sequence, new UnrollError('model_not_ready', 'the network was unloaded'));
      dispatcher.stops(id);
      await gone;
      freePlacement(network.placement, kernel);
    },

    submit(request) {
      const delivery = createDelivery(() => fail(sequence, cancelled()));
      const sequence: Sequence = {
        id: ++lastId,
        network: request.network.id,
        request,
        delivery,
        submitted: performance.now(),
        resume: null,
        deaths: 0,
        stopWatching: () => {},
      };
      try {
        admit(request);
      } catch (error) {
        delivery.fail(error as Error);
        return delivery.events;
      }
      sequences.set(sequence.id, sequence);
      perNetwork.set(sequence.network, (perNetwork.get(sequence.network) ?? 0) + 1);
      sequence.stopWatching = watch(request, (error) => fail(sequence, error));
      dispatcher.add(sequence);
      dispatchSoon();
      return delivery.events;
    },

    stats: () => ({
      workers,
      restarts: pool.restarts,
      networks: networks.size,
      waiting: dispatcher.waiting,
      running: dispatcher.running,
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
