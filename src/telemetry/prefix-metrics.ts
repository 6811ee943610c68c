import { Counter, Gauge, type Registry } from 'prom-client';

/** Counts of the states after the beginnings of texts. */
export interface PrefixUse {
  readonly hits: number;
  readonly misses: number;
  readonly reusedSteps: number;
  readonly bytes: number;
}

/** Registers the metrics of states that texts with the same beginning share. */
export function observePrefixes(registry: Registry, read: () => PrefixUse): void {
  const registers = [registry];
  new Counter({
    name: 'unroll_prefix_lookups_total',
    help: 'Texts whose beginning was looked for among those that were read lately, by result.',
    labelNames: ['result'] as const,
    registers,
    collect() {
      const { hits, misses } = read();
      this.reset();
      this.inc({ result: 'hit' }, hits);
      this.inc({ result: 'miss' }, misses);
    },
  });
  new Counter({
    name: 'unroll_prefix_reused_steps_total',
    help: 'Steps that were not run, since the state after them was known.',
    registers,
    collect() {
      this.reset();
      this.inc(read().reusedSteps);
    },
  });
  new Gauge({
    name: 'unroll_prefix_bytes',
    help: 'Bytes of states after the beginnings of texts.',
    registers,
    collect() {
      this.set(read().bytes);
    },
  });
}
