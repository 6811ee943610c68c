import { expect, it } from 'vitest';
import { ModuleBuilder } from '../../src/kernel/assembler/module-builder.ts';
import { compileModule } from '../../src/kernel/compile.ts';
import { ConstantPool, constantsBytes } from '../../src/kernel/constants.ts';
import { dotBytesBy } from '../../src/kernel/emit/byte-products.ts';
import { SharedMemory } from '../../src/kernel/memory.ts';
import { measurePathGain } from '../../src/kernel/path-gain.ts';

it('measures a ratio and frees its memory', () => {
  const memory = new SharedMemory({ maximumMegabytes: 4, reserved: constantsBytes });
  const constants = new ConstantPool(memory.memory);
  const compiled: string[] = [];
  const gain = measurePathGain(memory, (path, emit) => {
    compiled.push(path);
    const module = new ModuleBuilder({ maximumPages: memory.maximumPages });
    emit({
      module,
      constant: (value) => constants.float(value),
      bits: (value) => constants.bits(value),
      dotBytes: dotBytesBy.relaxed,
    });
    return compileModule(module.encode(), path);
  });
  expect(compiled).toEqual(['plain', 'revectorised']);
  expect(gain).toBeGreaterThan(0);
  expect(Number.isFinite(gain)).toBe(true);
  expect(memory.used).toBe(0);
});
