import { UnrollError } from '../../client/error.ts';
import type { StreamedTask } from '../../client/events.ts';
import type { Client } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { formatFields } from '../format-table.ts';
import { readBody, readInput } from '../run/read-input.ts';

export interface MeasureOptions {
  readonly seconds: number;
  /** Calls at a time. */
  readonly concurrency: number;
  readonly input?: string | undefined;
  readonly body?: string | undefined;
}

export interface Measurement {
  readonly model: string;
  readonly server: string;
  readonly request: object;
  readonly concurrency: number;
  readonly seconds: number;
  readonly calls: number;
  readonly calls_per_second: number;
  readonly steps_per_second: number;
  /** Milliseconds of a call. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Milliseconds of the server's process a call; null where this key may not see its metrics. */
  readonly cpu_ms_per_call: number | null;
}

/** Calls made before the measurement, so that all code is compiled. */
const warmUpCalls = 20;

/** Calls a model for some seconds. @throws UnrollError for the first call that is refused */
export async function measure(
  client: Client,
  where: string,
  reference: string,
  { seconds, concurrency, input, body }: MeasureOptions,
): Promise<Measurement> {
  const details = await client.models.show(reference);
  const task = details.task as StreamedTask | null;
  if (task === null)
    throw new CommandError(`${reference} has no task to call: ${details.error ?? 'it takes tensors only'}`);
  const given =
    input === undefined
      ? (details.example ?? {})
      : { [task === 'generate' ? 'prompt' : 'input']: readInput(input, details) };
  // every call runs all its steps
  const whole = ['classify', 'generate'].includes(task) && details.causal ? { reuse_prefix: false } : {};
  const request = { ...given, ...whole, ...readBody(body) };
  const call = () => client.run(task, reference, request as never);
  for (let done = 0; done < warmUpCalls; done++) await call();

  const latencies: number[] = [];
  let steps = 0;
  const cpuBefore = await readCpuSeconds(client);
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < end) {
        const called = performance.now();
        const { usage } = await call();
        latencies.push(performance.now() - called);
        steps += usage.steps;
      }
    }),
  );
  const took = (performance.now() - start) / 1000;
  const cpuAfter = await readCpuSeconds(client);
  latencies.sort((a, b) => a - b);
  return {
    model: `${details.id}@${details.version}`,
    server: where,
    request,
    concurrency,
    seconds: took,
    calls: latencies.length,
    calls_per_second: latencies.length / took,
    steps_per_second: steps / took,
    p50_ms: quantile(latencies, 0.5),
    p99_ms: quantile(latencies, 0.99),
    cpu_ms_per_call:
      cpuBefore === null || cpuAfter === null ? null : ((cpuAfter - cpuBefore) * 1000) / latencies.length,
  };
}

/** @param sorted at least one, ascending */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

/** CPU time of the server's process; null where its metrics are not to be seen. */
async function readCpuSeconds(client: Client): Promise<number | null> {
  try {
    const value = /^process_cpu_seconds_total (\S+)$/m.exec(await client.call('metrics', {}))?.[1];
    return value === undefined ? null : Number(value);
  } catch (error) {
    if (error instanceof UnrollError) return null;
    throw error;
  }
}

export const formatMeasurement = (measured: Measurement): string[] =>
  formatFields([
    ['model', `${measured.model}, by ${measured.server}`],
    ['request', JSON.stringify(measured.request)],
    ['calls', `${measured.calls} in ${measured.seconds.toFixed(1)} s, ${measured.concurrency} at a time`],
    [
      'rate',
      `${measured.calls_per_second.toFixed(1)} calls/s, ${Math.round(measured.steps_per_second)} steps/s`,
    ],
    ['p50', `${measured.p50_ms.toFixed(2)} ms`],
    ['p99', `${measured.p99_ms.toFixed(2)} ms`],
    [
      'CPU time',
      measured.cpu_ms_per_call === null
        ? 'not to be seen with this key'
        : `${measured.cpu_ms_per_call.toFixed(2)} ms a call, of the process that has the models`,
    ],
  ]);
