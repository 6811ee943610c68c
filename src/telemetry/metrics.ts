import { createExternalHistogram } from './external-histogram.ts';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

// What Prometheus sees: prefix unroll_, base units, few labels.

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const tokenSeconds = [0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1];

/** Numbers that live elsewhere and are read when somebody scrapes. */
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
    /** Batches by the buckets of `rowBounds`. */
    readonly byRows: readonly number[];
  };
  /** Upper bounds of the buckets that batches are counted in by their rows. */
  readonly rowBounds: readonly number[];
  readonly kernel: { readonly path: string };
  /** The path that the code of each loaded version took. */
  readonly modelKernels: () => readonly {
    readonly model: string;
    readonly version: number;
    readonly path: string;
  }[];
  readonly memory: () => { readonly used: number };
  readonly modelsReady: () => number;
  readonly modelsFailed: () => number;
}

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'unroll_' });
  // gauges with a counter's name: `promtool check metrics` refuses them
  for (const name of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`unroll_nodejs_active_${name}_total`);
  const registers = [registry];

  const requests = new Counter({
    name: 'unroll_requests_total',
    help: 'Requests by route and status; 499 is a caller who left before the end.',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  });
  const duration = new Histogram({
    name: 'unroll_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route'] as const,
    buckets: seconds,
    registers,
  });
  const queueTime = new Histogram({
    name: 'unroll_queue_duration_seconds',
    help: 'Time a sequence waited for a slot.',
    buckets: seconds,
    registers,
  });
  const firstToken = new Histogram({
    name: 'unroll_time_to_first_token_seconds',
    help: 'From a streamed request to its first event.',
    buckets: seconds,
    registers,
  });
  const interToken = new Histogram({
    name: 'unroll_inter_token_duration_seconds',
    help: 'Between two events of a stream.',
    buckets: tokenSeconds,
    registers,
  });
  const openStreams = new Gauge({ name: 'unroll_streams_open', help: 'Streams open now.', registers });

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

  /** Declares the numbers that are read from their owners at a scrape. */
  const observe = (sources: MetricSources): void => {
    const { engine } = sources;
    counter('unroll_steps_total', 'Steps run, a row and a step each.', () => engine().steps);
    counter('unroll_ticks_total', 'Batches run by the workers.', () => engine().ticks);
    registry.registerMetric(
      createExternalHistogram(
        'unroll_step_batch_rows',
        'Rows that advanced together in a batch.',
        sources.rowBounds,
        () => {
          const { byRows, rows } = engine();
          return { counts: byRows, sum: rows };
        },
      ),
    );
    counter(
      'unroll_padding_rows_total',
      'Row-steps computed beyond those that sequences asked for.',
      () => engine().padding,
    );
    counter('unroll_worker_restarts_total', 'Workers that died and were replaced.', () => engine().restarts);
    gauge('unroll_workers', 'Worker threads.', () => engine().workers);
    gauge('unroll_sequences_waiting', 'Sequences waiting for a slot.', () => engine().waiting);
    gauge('unroll_sequences_active', 'Sequences in a slot.', () => engine().running);
    gauge(
      'unroll_sequences_paused',
      'Sequences without a slot because their reader is behind.',
      () => engine().paused,
    );
    gauge(
      'unroll_engine_unreconciled_sequences',
      'Sequences counted in one place and missing in another; anything but 0 is a fault.',
      () => engine().unreconciled,
    );
    gauge(
      'unroll_engine_buffered_bytes',
      'Estimated bytes of events that readers have not taken yet.',
      () => engine().unreadBytes,
    );
    gauge('unroll_models_loaded', 'Model versions that can answer.', sources.modelsReady);
    gauge('unroll_models_failed', 'Model versions that could not be loaded.', sources.modelsFailed);
    gauge('unroll_kernel_memory_bytes', 'Memory that weights and states take.', () => sources.memory().used);
    new Gauge({
      name: 'unroll_kernel_info',
      help: 'The code path in use, as a label.',
      labelNames: ['path'] as const,
      registers,
    }).set({ path: sources.kernel.path }, 1);
    new Gauge({
      name: 'unroll_model_kernel_info',
      help: 'The code path that each loaded version really took, as a label.',
      labelNames: ['model', 'version', 'path'] as const,
      registers,
      collect() {
        this.reset();
        for (const labels of sources.modelKernels()) this.set(labels, 1);
      },
    });
  };

  /** The same for connections. */
  const observeConnections = (connections: {
    readonly open: () => number;
    readonly refused: () => number;
    readonly exhausted: () => boolean;
  }): void => {
    gauge('unroll_connections_open', 'Connections open now.', connections.open);
    counter(
      'unroll_connections_refused_total',
      'Connections closed as they came, because as many were open as file descriptors allow.',
      connections.refused,
    );
    gauge('unroll_file_descriptors_exhausted', '1 while no file descriptor is left.', () =>
      Number(connections.exhausted()),
    );
  };

  /** The same for training jobs. */
  const observeTraining = (training: {
    readonly counts: () => Readonly<Record<string, number | undefined>>;
    readonly steps: () => number;
  }): void => {
    new Gauge({
      name: 'unroll_training_jobs',
      help: 'Training jobs that are not over, by status.',
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
    requests,
    duration,
    queueTime,
    firstToken,
    interToken,
    openStreams,
    observe,
    observeConnections,
    observeTraining,
  };
}
