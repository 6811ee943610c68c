import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { version } from '../version.ts';
import { createExternalHistogram } from './external-histogram.ts';
import { observeModels, type MeasuredModel } from './model-metrics.ts';
import { observePrefixes, type PrefixUse } from './prefix-metrics.ts';
import { observeRequests } from './request-metrics.ts';
import { observeSessions, type MeasuredSessions } from './session-metrics.ts';

// The Prometheus metrics: prefix unroll_, base units, few labels. Those of the process and of Node have their
// standard names.

/** Numbers that are stored elsewhere and read at a scrape. */
export interface MetricSources {
  readonly engine: () => {
    readonly workers: number;
    readonly restarts: number;
    readonly waiting: number;
    readonly running: number;
    readonly paused: number;
    readonly unreconciled: number;
    readonly unreadBytes: number;
    readonly ticks: number;
    readonly rows: number;
    readonly steps: number;
    readonly padding: number;
    /** Batches in each bucket of `rowBounds`. */
    readonly byRows: readonly number[];
  };
  /** Upper bounds of the histogram of batches by rows. */
  readonly rowBounds: readonly number[];
  readonly kernel: { readonly path: string };
  /** The loaded model versions. */
  readonly models: () => readonly MeasuredModel[];
  readonly memory: () => { readonly used: number };
  readonly modelsReady: () => number;
  readonly modelsFailed: () => number;
}

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // gauges with a counter's name, which `promtool check metrics` rejects
  for (const name of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${name}_total`);
  const registers = [registry];
  new Gauge({
    name: 'unroll_build_info',
    help: 'The versions of the server and of Node, as labels.',
    labelNames: ['version', 'node_version'] as const,
    registers,
  }).set({ version, node_version: process.versions.node }, 1);

  const countRequest = observeRequests(registry);
  const openStreams = new Gauge({ name: 'unroll_streams_open', help: 'Open streams.', registers });

  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };

  /** Registers the metrics of the engine, the kernel and the models. */
  const observe = (sources: MetricSources): void => {
    const { engine } = sources;
    counter('unroll_steps_total', 'Steps run, counted for each row.', () => engine().steps);
    counter('unroll_ticks_total', 'Batches run by the workers.', () => engine().ticks);
    registry.registerMetric(
      createExternalHistogram('unroll_step_batch_rows', 'Rows of a batch.', sources.rowBounds, () => {
        const { byRows, rows } = engine();
        return [{ counts: byRows, sum: rows }];
      }),
    );
    counter(
      'unroll_padding_rows_total',
      'Steps of rows computed without a sequence.',
      () => engine().padding,
    );
    counter(
      'unroll_worker_restarts_total',
      'Worker threads that exited and were replaced.',
      () => engine().restarts,
    );
    gauge('unroll_workers', 'Worker threads.', () => engine().workers);
    gauge('unroll_sequences_waiting', 'Sequences waiting for a slot.', () => engine().waiting);
    gauge('unroll_sequences_active', 'Sequences in a slot.', () => engine().running);
    gauge(
      'unroll_sequences_paused',
      'Sequences without a slot because their client reads too slowly.',
      () => engine().paused,
    );
    gauge(
      'unroll_engine_unreconciled_sequences',
      'Difference between two counts of the sequences in the engine; anything but 0 is a fault.',
      () => engine().unreconciled,
    );
    gauge(
      'unroll_engine_buffered_bytes',
      'Estimated bytes of events that clients have not read.',
      () => engine().unreadBytes,
    );
    gauge('unroll_models_loaded', 'Model versions that are ready.', sources.modelsReady);
    gauge('unroll_models_failed', 'Model versions that could not be loaded.', sources.modelsFailed);
    gauge(
      'unroll_kernel_memory_bytes',
      'Bytes of kernel memory used by weights and states.',
      () => sources.memory().used,
    );
    new Gauge({
      name: 'unroll_kernel_info',
      help: 'The code path of the kernels, as a label.',
      labelNames: ['path'] as const,
      registers,
    }).set({ path: sources.kernel.path }, 1);
    observeModels(registry, sources.models);
  };

  /** Registers the metrics of connections. */
  const observeConnections = (connections: {
    readonly open: () => number;
    readonly refused: () => number;
    readonly exhausted: () => boolean;
  }): void => {
    gauge('unroll_connections_open', 'Open connections.', connections.open);
    counter(
      'unroll_connections_refused_total',
      'Connections closed on arrival because the limit from file descriptors was reached.',
      connections.refused,
    );
    gauge('unroll_file_descriptors_exhausted', '1 while no file descriptors are left, else 0.', () =>
      Number(connections.exhausted()),
    );
  };

  /** Registers the metrics of training jobs. */
  const observeTraining = (training: {
    readonly counts: () => Readonly<Record<string, number | undefined>>;
    readonly steps: () => number;
  }): void => {
    new Gauge({
      name: 'unroll_training_jobs',
      help: 'Unfinished training jobs by status.',
      labelNames: ['status'] as const,
      registers,
      collect() {
        const counts = training.counts();
        for (const status of ['validating', 'queued', 'running', 'paused', 'publishing', 'cancelling'])
          this.set({ status }, counts[status] ?? 0);
      },
    });
    new Counter({
      name: 'unroll_training_steps_total',
      help: 'Training steps run.',
      registers,
      collect() {
        this.reset();
        this.inc(training.steps());
      },
    });
  };

  return {
    registry,
    countRequest,
    openStreams,
    observe,
    observeConnections,
    observeTraining,
    observeSessions: (sessions: MeasuredSessions): void => observeSessions(registry, sessions),
    observePrefixes: (read: () => PrefixUse): void => observePrefixes(registry, read),
  };
}
