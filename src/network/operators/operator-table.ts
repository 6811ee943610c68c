import { control } from './control.ts';
import { elementwise } from './elementwise.ts';
import { lookup } from './lookup.ts';
import { matrix } from './matrix.ts';
import type { OperatorKind } from './operator.ts';
import { positional } from './positional.ts';
import { recurrent } from './recurrent.ts';
import { reduction } from './reduction.ts';

const table: Readonly<Record<string, OperatorKind>> = {
  ...elementwise,
  ...positional,
  ...lookup,
  ...reduction,
  ...matrix,
  ...recurrent,
  ...control,
};

/** Every operator that a program may hold. */
export const operatorNames: ReadonlySet<string> = new Set(Object.keys(table));

/** Undefined for what is no operator of ours. */
export const operatorKind = (name: string): OperatorKind | undefined =>
  operatorNames.has(name) ? table[name] : undefined;
