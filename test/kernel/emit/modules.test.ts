import { expect, it } from 'vitest';
import { ModuleBuilder } from '../../../src/kernel/assembler/module-builder.ts';
import { ConstantPool } from '../../../src/kernel/constants.ts';
import { selfTestCells } from '../../../src/cells/self-test-cells.ts';
import { plainActivation, usualOptions } from '../../../src/cells/options.ts';
import { cellChoices, findCell } from '../../../src/cells/registry.ts';
import { toSweepCell } from '../../../src/cells/sweep.ts';
import { dotBytesBy } from '../../../src/kernel/emit/byte-products.ts';
import { emitLinear } from '../../../src/kernel/emit/linear.ts';
import { emitMerge } from '../../../src/kernel/emit/merge.ts';
import { emitPool } from '../../../src/network/layers/pool/emit.ts';
import { emitSweep } from '../../../src/kernel/emit/sweep.ts';
import { emitConcat, emitGather } from '../../../src/kernel/emit/rows.ts';
import { emitSoftmax } from '../../../src/kernel/emit/softmax.ts';

const unusual = {
  ...usualOptions,
  gate: { type: 'hard_sigmoid' as const, alpha: 0.2, beta: 0.5 },
  candidate: plainActivation('softplus'),
  clip: 3,
};
const cells = [
  ...selfTestCells.map(({ cell }) => cell),
  ...cellChoices.map(findCell).map((cell) =>
    toSweepCell(cell, {
      ...unusual,
      inputForget: cell.supports.includes('input_forget'),
      peepholes: cell.supports.includes('peepholes'),
    }),
  ),
];

it.each([1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 64, 257, 1024])(
  'every kernel of size %i is valid WebAssembly',
  (size) => {
    const constants = new ConstantPool(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    const module = new ModuleBuilder({ maximumPages: 1 });
    const e = {
      module,
      constant: (value: number) => constants.float(value),
      dotBytes: dotBytesBy.relaxed,
      bits: (pattern: number) => constants.bits(pattern),
    };
    for (const cell of cells) emitSweep(e, cell, size);
    for (const activation of ['linear', 'relu', 'tanh', 'sigmoid'] as const)
      for (const columns of [1, 16, 17, 50, 257]) emitLinear(e, { inner: size, columns, activation });
    for (const mode of ['sum', 'mul', 'ave'] as const) emitMerge(e, mode, size);
    for (const mode of ['mean', 'max'] as const) emitPool(e, mode, size);
    for (const emit of [emitGather, emitSoftmax]) emit(e, size);
    emitConcat(e, [size, 3, size]);
    expect(WebAssembly.validate(module.encode())).toBe(true);
  },
);
