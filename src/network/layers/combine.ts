import { emitConcat } from '../../kernel/emit/rows.ts';
import { emitMerge } from '../../kernel/emit/merge.ts';
import type { CompileContext, RunContext } from './layer.ts';

type Join = 'concat' | 'add' | 'multiply';

export interface CombineProgram {
  readonly kind: 'combine';
  readonly join: Join;
  readonly function: string;
}

export function compileCombine(join: Join, context: CompileContext): CombineProgram {
  const widths = context.inputWidths;
  return {
    kind: 'combine',
    join,
    function:
      join === 'concat'
        ? emitConcat(context.e, widths)
        : emitMerge(context.e, join === 'add' ? 'sum' : 'mul', widths[0]!),
  };
}

/** y ← [x₀, x₁, …], or x₀ + x₁ + …, or x₀ · x₁ · …, from the left. */
export function runCombine(
  combine: CombineProgram,
  { functions }: RunContext,
  at: { inputs: readonly number[]; y: number; rows: number },
): void {
  const run = functions[combine.function]!;
  if (combine.join === 'concat') return run(...at.inputs, at.y, at.rows);
  const [first, second = first!, ...rest] = at.inputs;
  run(first!, second, at.y, at.rows);
  for (const x of rest) run(at.y, x, at.y, at.rows);
}
