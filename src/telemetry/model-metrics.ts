import { Counter, Gauge, type Registry } from 'prom-client';
import { requestBounds, tokenBounds, type DurationHistogram } from './duration-histogram.ts';
import { createExternalHistogram } from './external-histogram.ts';

// Metrics by model, version and task, read at a scrape from plain counters that each version keeps.

/** Versions with series of their own: the first that were called, while they are loaded. */
const maxLabelled = 256;
/** The label `model` of all others together; not a name that a model can have. */
const others = '(others)';
const labelNames = ['model', 'version', 'task'] as const;

/** Counters of a version. */
export interface ModelUsage {
  readonly success: { readonly count: number };
  readonly fail: { readonly count: number };
  readonly steps: { readonly count: number };
  readonly request: DurationHistogram;
  readonly queue: DurationHistogram;
  readonly firstEvent: DurationHistogram;
  readonly nextEvent: DurationHistogram;
}

/** A loaded version. */
export interface MeasuredModel {
  readonly model: string;
  readonly version: number;
  readonly task: string;
  /** Its code path. */
  readonly path: string;
  /** The aliases that point at it. */
  readonly aliases: readonly string[];
  readonly usage: ModelUsage;
}

/** Series that share their labels: one version, or all versions without series of their own. */
interface Series {
  readonly labels: Readonly<Record<(typeof labelNames)[number], string>>;
  readonly usages: readonly ModelUsage[];
}

const isUsed = ({ usage: { success, fail, queue } }: MeasuredModel): boolean =>
  success.count + fail.count > 0 || queue.sum > 0;
const toKey = ({ model, version }: MeasuredModel): string => `${model}@${version}`;
const toLabels = ({ model, version, task }: MeasuredModel) => ({ model, version: String(version), task });

/** Registers the metrics of models. @param read the loaded versions */
export function observeModels(registry: Registry, read: () => readonly MeasuredModel[]): void {
  const labelled = new Set<string>();
  const select = (): Series[] => {
    const used = new Map(
      read()
        .filter(isUsed)
        .map((one) => [toKey(one), one]),
    );
    for (const key of labelled) if (!used.has(key)) labelled.delete(key);
    for (const key of used.keys()) if (labelled.size < maxLabelled) labelled.add(key);
    const rest = [...used].filter(([key]) => !labelled.has(key)).map(([, { usage }]) => usage);
    const own = [...labelled].map((key) => used.get(key)!);
    return [
      ...own.map((one) => ({ labels: toLabels(one), usages: [one.usage] })),
      ...(rest.length > 0 ? [{ labels: { model: others, version: '', task: '' }, usages: rest }] : []),
    ];
  };
  // all metrics of a scrape begin to read in the same turn
  let selected: Series[] | null = null;
  const series = (): Series[] => {
    if (!selected) queueMicrotask(() => (selected = null));
    return (selected ??= select());
  };

  const counter = (name: string, help: string, counts: Record<string, keyof ModelUsage>): void => {
    new Counter({
      name,
      help,
      labelNames: [...labelNames, 'outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, usages } of series())
          for (const [outcome, field] of Object.entries(counts))
            this.inc({ ...labels, ...(outcome && { outcome }) }, sum(usages, field));
      },
    });
  };
  const sum = (usages: readonly ModelUsage[], field: keyof ModelUsage): number =>
    usages.reduce((total, usage) => total + (usage[field] as { count: number }).count, 0);
  counter('unroll_model_requests_total', 'Requests that a model has answered, by outcome.', {
    success: 'success',
    failure: 'fail',
  });
  counter('unroll_model_steps_total', 'Steps of the sequences that have ended.', { '': 'steps' });

  const histogram = (
    name: string,
    help: string,
    bounds: readonly number[],
    field: 'request' | 'queue' | 'firstEvent' | 'nextEvent',
  ): void =>
    registry.registerMetric(
      createExternalHistogram(name, help, bounds, () =>
        series()
          .map(({ labels, usages }) => ({
            labels,
            counts: bounds.map((_, i) => usages.reduce((total, usage) => total + usage[field].counts[i]!, 0)),
            sum: usages.reduce((total, usage) => total + usage[field].sum, 0),
          }))
          .filter(({ counts }) => counts.some((count) => count > 0)),
      ),
    );
  histogram(
    'unroll_model_request_duration_seconds',
    'Time from the start of a request’s work to its reply, or to the end of its stream.',
    requestBounds,
    'request',
  );
  histogram(
    'unroll_queue_duration_seconds',
    'Time that a sequence waited for a slot.',
    requestBounds,
    'queue',
  );
  histogram(
    'unroll_time_to_first_token_seconds',
    'Time from a streaming request to its first event.',
    requestBounds,
    'firstEvent',
  );
  histogram(
    'unroll_inter_token_duration_seconds',
    'Time between two events of a stream.',
    tokenBounds,
    'nextEvent',
  );
  new Gauge({
    name: 'unroll_model_alias_info',
    help: `The loaded version that each alias points at, as labels; of ${maxLabelled} aliases at most.`,
    labelNames: ['model', 'version', 'alias'],
    registers: [registry],
    collect() {
      this.reset();
      const pointing = read().flatMap(({ model, version, aliases }) =>
        aliases.map((alias) => ({ model, version: String(version), alias })),
      );
      for (const labels of pointing.slice(0, maxLabelled)) this.set(labels, 1);
    },
  });
  new Gauge({
    name: 'unroll_model_kernel_info',
    help: `The code path of each loaded model version, as a label; of ${maxLabelled} at most.`,
    labelNames: [...labelNames, 'path'],
    registers: [registry],
    collect() {
      this.reset();
      for (const one of read().slice(0, maxLabelled)) this.set({ ...toLabels(one), path: one.path }, 1);
    },
  });
}
