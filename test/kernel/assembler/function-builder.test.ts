import { describe, expect, it } from 'vitest';
import {
  add,
  eq,
  f32,
  f32add,
  fma,
  i32,
  lane,
  lessThan,
  load,
  loadF32,
  loadI32,
  loadSplat,
  mul,
  splat,
  vadd,
} from '../../../src/kernel/assembler/expressions.ts';
import type { FunctionBuilder, I32Local } from '../../../src/kernel/assembler/function-builder.ts';
import { ModuleBuilder } from '../../../src/kernel/assembler/module-builder.ts';
import { instantiate } from '../../../src/kernel/instantiate.ts';

/** Runs one emitted function of two parameters over a page of memory. */
function run(body: (f: FunctionBuilder, p: { a: I32Local; b: I32Local }) => void, a: number, b: number) {
  const module = new ModuleBuilder({ maximumPages: 1 });
  module.function('f', ['a', 'b'], body);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const ints = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < 64; i++) floats[64 + i] = i + 0.5;
  instantiate(new WebAssembly.Module(module.encode()), memory)['f']!(a, b);
  return { ints, floats };
}

describe('a function written as expressions', () => {
  it('computes with its parameters', () => {
    const { ints } = run((f, { a, b }) => f.storeI32(0, add(mul(a, b), 7)), 6, -9);
    expect(ints[0]).toBe(-47);
  });

  it('takes one branch of an if', () => {
    const body = (f: FunctionBuilder, { a, b }: { a: I32Local; b: I32Local }): void =>
      f.if(
        eq(a, b),
        () => f.storeI32(0, 1),
        () => f.storeI32(0, 2),
      );
    expect(run(body, 5, 5).ints[0]).toBe(1);
    expect(run(body, 5, 6).ints[0]).toBe(2);
  });

  it('repeats a body by its count, also nested', () => {
    const { ints } = run(
      (f, { a, b }) => {
        const outer = f.i32(a);
        f.repeat(outer, () => {
          const inner = f.i32(b);
          f.repeat(inner, () => f.storeI32(0, add(loadI32(0), 1)));
        });
      },
      3,
      4,
    );
    expect(ints[0]).toBe(12);
  });

  it('does not enter a while whose condition is false', () => {
    const body = (f: FunctionBuilder, { a, b }: { a: I32Local; b: I32Local }): void => {
      const count = f.i32(a);
      f.while(
        () => lessThan(count, b),
        () => f.advance(count, 1),
      );
      f.storeI32(0, count);
    };
    expect(run(body, 9, 5).ints[0]).toBe(9);
    expect(run(body, 2, 5).ints[0]).toBe(5);
  });

  it('loads, splats, multiplies, adds and stores four floats at a time', () => {
    const { floats } = run((f, { a }) => f.store(0, fma(load(a), loadSplat(a, 4), splat(f32(10)))), 256, 0);
    expect([...floats.subarray(0, 4)]).toEqual([0.5, 1.5, 2.5, 3.5].map((x) => x * 1.5 + 10));
  });

  it('extracts lanes and adds scalars', () => {
    const { floats } = run(
      (f, { a }) => f.storeF32(0, f32add(lane(vadd(load(a), load(a)), 2), loadF32(a))),
      256,
      0,
    );
    expect(floats[0]).toBe(5.5);
  });

  it('emits a function of one name once', () => {
    const module = new ModuleBuilder({ maximumPages: 1 });
    let bodies = 0;
    for (let i = 0; i < 3; i++) module.function('same', ['a'], () => void bodies++);
    expect(bodies).toBe(1);
    expect(WebAssembly.Module.exports(new WebAssembly.Module(module.encode()))).toEqual([
      { name: 'same', kind: 'function' },
    ]);
  });

  it('rejects setting a local to a value of another type', () => {
    const module = new ModuleBuilder({ maximumPages: 1 });
    expect(() => module.function('f', [], (f) => f.set(f.v128(), i32(1) as never))).toThrow(
      'a v128 local was given a i32',
    );
  });
});
