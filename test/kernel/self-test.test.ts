import { describe, expect, it } from 'vitest';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { selfTestCells } from '../../src/cells/self-test-cells.ts';
import { SharedMemory } from '../../src/kernel/memory.ts';
import { comparePaths } from '../../src/kernel/self-test.ts';
import { ConstantPool, constantsBytes } from '../../src/kernel/constants.ts';
import { ModuleBuilder } from '../../src/kernel/assembler/module-builder.ts';
import { compileModule, type KernelPath } from '../../src/kernel/compile.ts';
import { dotBytesBy } from '../../src/kernel/emit/byte-products.ts';
import type { Emitter } from '../../src/kernel/emit/emitter.ts';

/** Builds as the kernel does, but lets a test spoil the constants of one path. */
function builder(memory: SharedMemory, spoil: (path: KernelPath, value: number) => number) {
  const constants = new ConstantPool(memory.memory);
  return (path: KernelPath, emit: (e: Emitter) => void): WebAssembly.Module => {
    const module = new ModuleBuilder({ maximumPages: memory.maximumPages });
    emit({
      module,
      constant: (value) => constants.float(spoil(path, value)),
      bits: (value) => constants.bits(value),
      dotBytes: dotBytesBy.relaxed,
    });
    return compileModule(module.encode(), path);
  };
}

const freshMemory = (): SharedMemory => new SharedMemory({ maximumMegabytes: 16, reserved: constantsBytes });

describe('the start-up self-test', () => {
  it('passes when both paths are the same', () => {
    const memory = freshMemory();
    expect(
      comparePaths(
        memory,
        builder(memory, (_, value) => value),
        selfTestCells,
      ),
    ).toBeNull();
    expect(memory.used).toBe(0);
  });

  it('detects one bit of difference between the paths', () => {
    const memory = freshMemory();
    const build = builder(memory, (path, value) =>
      path === 'revectorised' && value === 0.693145751953125 ? value * (1 + 2 ** -23) : value,
    );
    expect(comparePaths(memory, build, selfTestCells)).toMatch(/differs in bits from the plain path/);
  });

  it('finds that both paths differ from the reference', () => {
    const memory = freshMemory();
    const build = builder(memory, (_, value) => (value === 1 ? 1.001 : value));
    expect(comparePaths(memory, build, selfTestCells)).toMatch(/from the reference/);
  });
});

describe('a kernel', () => {
  it('uses the plain path where it is configured, and reports it', () => {
    const { path, reason } = createKernel({ mode: 'plain', memoryMegabytes: 1 });
    expect(path).toBe('plain');
    expect(reason).toBe('UNROLL_KERNEL=plain asks for it');
  });

  it('reports the reason for its path', () => {
    const { path, reason } = createKernel({ mode: 'auto', memoryMegabytes: 1 });
    if (path === 'revectorised') expect(reason).toContain('its self-test gave the bits of the plain path');
    else expect(reason).toMatch(/x64 only|failed its self-test|does not revectorise/);
  });
});
