import { emitAttentionPool } from '../../kernel/emit/attention-pool.ts';
import { emitPool, type RunningPool } from '../../kernel/emit/pool.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { activeRows, type CompileContext, type Plan, type RunContext } from './layer.ts';

export interface PoolProgram {
  readonly kind: 'pool';
  readonly pool: string;
  readonly width: number;
  /** attention only: what scores a step. */
  readonly weight: number | null;
  /** Numbers a row keeps besides its columns: how many steps there were, or the largest score and the sum of powers. */
  readonly counters: 1 | 2;
}

export function compilePool(
  mode: RunningPool | 'attention',
  weight: string,
  { e, place, tensor, inputWidths }: CompileContext,
): PoolProgram {
  const width = inputWidths[0]!;
  if (mode !== 'attention')
    return { kind: 'pool', pool: emitPool(e, mode, width), width, weight: null, counters: 1 };
  return {
    kind: 'pool',
    pool: emitAttentionPool(e, width),
    width,
    weight: place(padded(width), (values) => values.set(tensor(weight))),
    counters: 2,
  };
}

/** y[t] ← the pool over everything up to t; `state` [rows, poolState(width)] goes on. */
export function runPool(
  pool: PoolProgram,
  { functions }: RunContext,
  plan: Plan,
  at: { x: number; state: number; y: number },
): void {
  const stride = padded(pool.width) * 4;
  for (let t = 0; t < plan.steps; t++) {
    const from = plan.offsets[t]! * stride;
    const own = pool.weight === null ? [] : [pool.weight];
    functions[pool.pool]!(at.x + from, ...own, at.state, at.y + from, activeRows(plan, t));
  }
}
