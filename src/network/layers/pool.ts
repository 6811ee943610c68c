import { emitPool, type RunningPool } from '../../kernel/emit/pool.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { activeRows, type CompileContext, type Plan, type RunContext } from './layer.ts';

export interface PoolProgram {
  readonly kind: 'pool';
  readonly pool: string;
  readonly width: number;
}

export function compilePool(mode: RunningPool, context: CompileContext): PoolProgram {
  const width = context.inputWidths[0]!;
  return { kind: 'pool', pool: emitPool(context.e, mode, width), width };
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
    functions[pool.pool]!(at.x + from, at.state, at.y + from, activeRows(plan, t));
  }
}
