import { UnrollError } from '../errors.ts';
import { findOverload } from './admission.ts';
import { checkRequest } from './check-request.ts';
import type { Engine, EngineOptions, GraphHandle, LoadOptions, NetworkHandle } from './engine-interface.ts';
import { createDelivery, indexAfter } from './delivery.ts';
import { createDispatcher } from './dispatch.ts';
import { createEmptyWait } from './empty-wait.ts';
import { grantBytes, resumeBytes } from './flow-control.ts';
import { LiveMap } from './live-map.ts';
import type { FromWorker, SequenceReport } from './channel/messages.ts';
import { createMicrotask } from './coalesced.ts';
import { createNetworkLoad, type NetworkLoad, type StepCount } from './network-load.ts';
import { createContent } from './network-content.ts';
import { createNetworks, type LoadedNetwork } from './networks.ts';
import { createLengthCheck } from './length-check.ts';
import { freePlacement, placeNetwork, type Placement } from './placement.ts';
import type { GraphPlacement } from './place-graph.ts';
import { createPool, type PoolWorker } from './pool.ts';
import { countUnreconciled } from './reconcile.ts';
import { createSequence, createStartMessage, deliverEnd, recordSteps, type Sequence } from './sequence.ts';
import { sumCounters } from './worker/tick-counters.ts';
import { cancelled, checkDeadline, deadlineExceeded, watchDeadline } from './deadline.ts';

// The engine: runs sequences on worker threads, with admission control, deadlines and cancellation.

export function createEngine(options: EngineOptions): Engine {
  const { kernel, workers, slots, queue, maxExpectedMs = Infinity, hooks } = options;
  /** Sequences that have not ended, by id. */
  const sequences = new LiveMap<number, Sequence>();
  const loads = new Map<number, NetworkLoad>();
  const admittedGroups = new WeakSet<object>();
  const unread = { bytes: 0 };
  const dispatcher = createDispatcher<Sequence, PoolWorker>(slots, startOnWorker);
  const networks = createNetworks(workers);
  const limits = { slots: workers * slots, queue, maxExpectedMs };
  const countAll = () => ({ sequences: sequences.size, networks: networks.size });
  const ended = createEmptyWait(() => sequences.size === 0);
  let lastId = 0;
  let lastNetwork = 0;
  let draining = false;
  let closed = false;

  const pool = createPool({
    size: workers,
    memory: kernel.memory.memory,
    ringBytes: options.ringBytes,
    events: {
      onStart: ({ thread, index }) => hooks?.onWorkerStart?.(thread, index),
      onMessage: receive,
      onExit(worker, reason) {
        hooks?.onWorkerExit?.(worker.index, reason);
        networks.workerExited(worker);
        const detail = `the workers that ran this sequence crashed: ${reason}`;
        for (const sequence of dispatcher.removeWorker(worker))
          fail(sequence, new UnrollError('internal', detail));
      },
      onIdle() {
        for (const load of loads.values()) load.measure();
        dispatcher.dispatch();
      },
    },
  });

  function receive(worker: PoolWorker, message: FromWorker): void {
    if (message.kind === 'ready') networks.workerReady(worker);
    else if (message.kind === 'loaded') {
      const { network, error } = message;
      networks.networkLoaded(worker, network, error);
      if (error !== null)
        hooks?.onProblem?.(`worker ${worker.index} could not load network ${network}: ${error}`);
      else if (networks.get(network)) dispatcher.addNetwork(worker, network);
    } else if (message.kind === 'unloaded') networks.networkUnloaded(worker, message.network);
    else
      for (const { sequence: id, report } of message.reports) {
        const sequence = sequences.get(id);
        // it may have been cancelled while the message was in transit
        if (sequence && dispatcher.getWorker(sequence) === worker) handleReport(sequence, report);
      }
  }

  function handleReport(sequence: Sequence, report: SequenceReport): void {
    switch (report.kind) {
      case 'outputs':
      case 'inside':
        recordSteps(sequence, report.first + report.steps);
        return sequence.delivery.deliver(report);
      case 'token':
      case 'text':
        recordSteps(sequence, sequence.steps.inputSteps + indexAfter(report) - 1);
        return sequence.delivery.deliver(report);
      case 'decoded':
      case 'tensors':
        return sequence.delivery.deliver(report);
      case 'preempted':
        sequence.resume = report.resume;
        recordSteps(sequence, report.resume?.step ?? 0);
        if (sequence.delivery.unreadBytes <= resumeBytes) return dispatcher.requeue(sequence);
        sequence.load.remove(sequence.steps);
        return dispatcher.pause(sequence);
      case 'failed':
        return fail(sequence, new UnrollError(report.code ?? 'internal', report.reason));
      case 'done': {
        const { finish, steps, runMs, state } = report;
        const queuedMs = Math.max(0, performance.now() - sequence.submittedAtMs - runMs);
        recordSteps(sequence, steps);
        sequence.load.recordResult(sequence.steps, steps);
        end(sequence);
        networks.get(sequence.network)?.meter?.onSequenceEnd({ queuedMs, runMs, steps });
        hooks?.onSequenceEnd?.({ queuedMs, runMs, steps });
        sequence.request.onEnd?.({ queuedMs, runMs, steps });
        return deliverEnd(sequence, { kind: 'done', finish, steps, queuedMs, runMs, state });
      }
    }
  }

  /** Records bytes that the reader has read, and grants them to the worker or resumes a paused sequence. */
  function recordRead(sequence: Sequence, bytes: number): void {
    sequence.ungrantedBytes += bytes;
    if (sequence.phase === 'running') {
      if (sequence.ungrantedBytes < grantBytes) return;
      const grant = { kind: 'grant', sequence: sequence.id, bytes: sequence.ungrantedBytes } as const;
      sequence.ungrantedBytes = 0;
      dispatcher.getWorker(sequence)!.send(grant);
    } else if (sequence.phase === 'paused' && sequence.delivery.unreadBytes <= resumeBytes) {
      sequence.load.add(sequence.steps);
      dispatcher.resume(sequence);
      dispatchSoon();
    }
  }

  /** Sends a sequence to a worker, unless it cannot finish by its deadline. */
  function startOnWorker(sequence: Sequence, worker: PoolWorker): void {
    const { load, steps, stepsRun, request } = sequence;
    if (stepsRun === 0 && performance.now() + load.minRemainingMs(steps) > request.deadlineMs)
      return fail(sequence, deadlineExceeded('no slot was free in time to finish by the deadline'));
    sequence.ungrantedBytes = 0;
    worker.send(createStartMessage(sequence));
  }

  /** Removes a sequence. @param cancel whether to cancel it on its worker */
  function end(sequence: Sequence, cancel = false): void {
    sequences.delete(sequence.id);
    sequence.stopWatching();
    if (sequence.phase !== 'paused') sequence.load.remove(sequence.steps);
    const worker = dispatcher.remove(sequence);
    if (cancel) worker?.send({ kind: 'cancel', sequence: sequence.id });
    ended.removed();
    dispatchSoon();
  }
  function fail(sequence: Sequence, error: UnrollError): void {
    if (!sequences.has(sequence.id)) return;
    end(sequence, true);
    sequence.delivery.fail(error);
  }

  /** Sequences that are submitted in the same turn of the event loop start in one tick. */
  const dispatchSoon = createMicrotask(() => dispatcher.dispatch());

  /** Checks a request. @throws UnrollError when it is invalid, rejected for load, or past its deadline */
  function admit(request: Sequence['request']): { load: NetworkLoad; steps: StepCount } {
    const { network, group, deadlineMs } = request;
    if (draining) throw new UnrollError('shutting_down', 'the server accepts no new requests');
    const loaded = networks.get(network.id);
    if (!loaded) throw new UnrollError('model_not_ready', 'the network is not loaded');
    const evaluates = 'inputs' in request;
    const inputSteps = evaluates ? 1 : checkRequest(request, request.network.info);
    loaded.checkLength?.(inputSteps);
    checkDeadline(request);
    const load = loads.get(network.id)!;
    const steps = load.estimateSteps(evaluates ? {} : request, inputSteps);
    const leftMs = deadlineMs - performance.now();
    const grouped = group !== undefined && admittedGroups.has(group);
    const overload = findOverload(limits, { ...countAll(), load, steps: steps.stepsLeft, leftMs, grouped });
    if (overload) throw overload;
    if (group) admittedGroups.add(group);
    return { load, steps };
  }

  async function register(placement: Placement, loadOptions: LoadOptions = {}): Promise<NetworkHandle> {
    const content = createContent(placement, loadOptions);
    const checkLength = createLengthCheck(placement.compiled, kernel.memory.memory);
    const id = await registerContent({ placement, content, checkLength, meter: loadOptions.meter });
    return { id, info: placement.info, checkLength };
  }

  async function registerGraph(
    placement: GraphPlacement,
    { meter }: Pick<LoadOptions, 'meter'> = {},
  ): Promise<GraphHandle> {
    const { compiled } = placement;
    const content = { kind: 'graph', compiled } as const;
    const id = await registerContent({ placement, content, checkLength: null, meter });
    return { id, signature: compiled.signature, weightBytes: compiled.weightBytes, kernel: compiled.code };
  }

  async function registerContent(network: Omit<LoadedNetwork, 'id' | 'stepsRun'>): Promise<number> {
    const id = ++lastNetwork;
    const stepsRun = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    const countRun = (): number => Number(Atomics.load(new BigInt64Array(stepsRun), 0));
    const load = createNetworkLoad(workers * slots, () => performance.now(), countRun);
    loads.set(id, load);
    try {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      await networks.register({ ...network, id, stepsRun });
    } catch (error) {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      loads.delete(id);
      dispatcher.removeNetwork(id);
      await networks.unregister(id);
      freePlacement(network.placement, kernel);
      throw error;
    }
    return id;
  }

  return {
    kernel: { path: kernel.path, reason: kernel.reason },

    async load(spec, weights, loadOptions) {
      if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
      return register(placeNetwork(spec, weights, options), loadOptions);
    },
    register,
    registerGraph,

    async unload({ id }) {
      const network = networks.get(id);
      if (!network) return;
      const unloaded = networks.unregister(id);
      for (const sequence of sequences.values())
        if (sequence.network === id)
          fail(sequence, new UnrollError('model_not_ready', 'the network was unloaded'));
      dispatcher.removeNetwork(id);
      loads.delete(id);
      await unloaded;
      freePlacement(network.placement, kernel);
    },

    submit(request) {
      let sequence: Sequence | null = null;
      const delivery = createDelivery({
        onAbandon: () => sequence && fail(sequence, cancelled()),
        onRead: (bytes) => sequence && recordRead(sequence, bytes),
        unread,
      });
      try {
        const { load, steps } = admit(request);
        sequence = createSequence(++lastId, request, { delivery, load, steps });
      } catch (error) {
        delivery.fail(error as Error);
        return delivery.events;
      }
      const admitted = sequence;
      sequences.set(admitted.id, admitted);
      admitted.load.add(admitted.steps);
      dispatcher.add(admitted);
      // last: the deadline may have passed since the admission, and then this ends the sequence
      admitted.stopWatching = watchDeadline(request, (error) => fail(admitted, error));
      dispatchSoon();
      return delivery.events;
    },

    findOverload({ id }) {
      const load = loads.get(id);
      if (!load) return null;
      const steps = load.assumedSteps;
      return findOverload(limits, { ...countAll(), load, steps, leftMs: Infinity, grouped: false });
    },

    stats: () => ({
      workers,
      restarts: pool.restarts,
      networks: networks.size,
      waiting: dispatcher.waiting,
      running: dispatcher.running,
      paused: dispatcher.paused,
      unreconciled: countUnreconciled(sequences.values(), dispatcher.countByNetwork()),
      unreadBytes: unread.bytes,
      ...sumCounters(pool.counters),
    }),

    async drain(ms) {
      draining = true;
      await ended.wait(ms);
    },

    async close() {
      draining = true;
      for (const sequence of sequences.values())
        fail(sequence, new UnrollError('shutting_down', 'the server is shutting down'));
      closed = true;
      await pool.close();
      for (const worker of pool.members) networks.workerExited(worker);
      for (const { placement, id } of networks.all) {
        void networks.unregister(id);
        freePlacement(placement, kernel);
      }
    },
  };
}
