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
}

/** Units, columns and widths are laid out in panels of 16 float32: four v128, or two 256-bit registers. */
export const panelWidth = 16;
export const panelVectors = 4;
export const panelBytes = 64;
export const panelsFor = (columns: number): number => Math.ceil(columns / panelWidth);
/** Columns of a row in memory: rows start on a panel border and end with zeros. */
export const padded = (columns: number): number => panelsFor(columns) * panelWidth;
