import { expect, it } from 'vitest';
import { ModuleBuilder } from '../../src/kernel/assembler/module-builder.ts';
import { areRelaxedProductsExact } from '../../src/kernel/choose-byte-products.ts';
import { compileModule } from '../../src/kernel/compile.ts';
import { constantsBytes } from '../../src/kernel/constants.ts';
import type { Emitter } from '../../src/kernel/emit/emitter.ts';
import { SharedMemory } from '../../src/kernel/memory.ts';

/** Builds what is emitted; `other` takes the place of its activations. */
function testProducts(other: 'a' | 'b'): boolean {
  const memory = new SharedMemory({ maximumMegabytes: 4, reserved: constantsBytes });
  const exact = areRelaxedProductsExact(memory, (emit) => {
    const module = new ModuleBuilder({ maximumPages: memory.maximumPages });
    const exchanged: Pick<ModuleBuilder, 'function'> = {
      function: (name, parameters, body) =>
        module.function(name, parameters, (f, given) => {
          const p = given as Record<string, (typeof f.parameters)[number]>;
          body(f, { ...p, b: p[other] } as typeof given);
        }),
    };
    emit({ module: exchanged } as Emitter);
    return compileModule(module.encode(), 'plain');
  });
  expect(memory.used).toBe(0);
  return exact;
}

it('finds the relaxed products of bytes exact in the range that is used', () => {
  expect(testProducts('b')).toBe(true);
});

it('finds products wrong that are of other numbers', () => {
  expect(testProducts('a')).toBe(false);
});
