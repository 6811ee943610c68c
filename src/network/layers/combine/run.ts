import type { RowLayerRun } from '../layer-run.ts';

export interface CompiledCombine {
  readonly kind: 'concat' | 'add' | 'multiply';
  readonly function: string;
}

/** y ← [x₀, x₁, …], or x₀ + x₁ + …, or x₀ · x₁ · …, from the left. */
export const run: RowLayerRun<CompiledCombine> = {
  acrossSteps: false,
  run(combine, { functions }, { x, y, rows }) {
    const own = functions[combine.function]!;
    if (combine.kind === 'concat') return own(...x, y, rows);
    const [first, second = first!, ...rest] = x;
    own(first!, second, y, rows);
    for (const other of rest) own(y, other, y, rows);
  },
};
