// Runs of float32 bit patterns that cover the whole range, and a kernel to run them through.
import type { Emitter } from '../../../src/kernel/emit/emitter.ts';
import { instantiate } from '../../../src/kernel/instantiate.ts';
import type { KernelMode } from '../../../src/kernel/compile.ts';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import type { FunctionBuilder, V128Local } from '../../../src/kernel/assembler/function-builder.ts';
import { load } from '../../../src/kernel/assembler/expressions.ts';

/** Every `stride`-th of the 2³² patterns; UNROLL_EXHAUSTIVE=1 takes them all (a few minutes a function). */
const patternStride = process.env['UNROLL_EXHAUSTIVE'] === '1' ? 1 : 509;

export const special = Float32Array.of(
  0,
  -0,
  1e-45,
  -1e-45,
  1e-38,
  -1e-38,
  1,
  -1,
  88,
  -88,
  89,
  -89,
  200,
  -200,
  3.4e38,
  -3.4e38,
);

/** Applies an operation over vectors in place to blocks of floats; `visit` sees each block's inputs and outputs. */
export function overAllFloats(
  mode: KernelMode,
  operation: (f: FunctionBuilder, e: Emitter, x: readonly V128Local[]) => void,
  visit: (inputs: Float32Array, outputs: Float32Array) => void,
): void {
  const apply = elementwise(mode, operation);
  const block = new Float32Array(65_536);
  const patterns = new Uint32Array(block.buffer);
  let next = 0;
  while (next < 2 ** 32) {
    for (let i = 0; i < block.length; i++) {
      patterns[i] = Math.min(next, 2 ** 32 - 1);
      next += patternStride;
    }
    visit(block, apply(block));
  }
}

/** The operation as a function of up to 65,536 floats. */
export function elementwise(
  mode: KernelMode,
  operation: (f: FunctionBuilder, e: Emitter, x: readonly V128Local[]) => void,
): (inputs: Float32Array) => Float32Array {
  const kernel = createKernel({ mode, memoryMegabytes: 4 });
  const { module } = kernel.compile((e) => {
    e.module.function('apply', ['x', 'panels'], (f, { x, panels }) => {
      f.repeat(panels, () => {
        const values = Array.from({ length: 4 }, (_, v) => f.v128(load(x, v * 16)));
        operation(f, e, values);
        values.forEach((value, v) => f.store(x, value, v * 16));
        f.advance(x, 64);
      });
    });
  });
  const at = kernel.memory.allocate(65_536 * 4);
  const functions = instantiate(module, kernel.memory.memory);
  return (inputs) => {
    const values = new Float32Array(kernel.memory.memory.buffer, at, inputs.length);
    values.set(inputs);
    functions['apply']!(at, Math.ceil(inputs.length / 16));
    return values;
  };
}
