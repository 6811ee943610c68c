import type { V128 } from '../assembler/expressions.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

/** The module that functions are emitted into, and the constants they load. */
export interface Emitter {
  readonly module: ModuleBuilder;
  /**
   * Four copies of a float32 (or of an int32's bits). Loaded from memory: `v128.const` made an activation
   * three times slower, since V8 builds such a constant from integer registers at every use.
   */
  readonly constant: (value: number) => V128;
  readonly bits: (value: number) => V128;
  /** c + four sums of four products of bytes: a int8, b 0 … 127. */
  readonly dotBytes: (a: V128, b: V128, c: V128) => V128;
}
