import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFull, SharedMemory } from '../../src/kernel/memory.ts';

describe('the shared memory', () => {
  it('allocates zeroed, cache-aligned regions that never overlap, and frees all of them', () => {
    const command = fc.oneof(
      fc.record({ take: fc.integer({ min: 0, max: 200_000 }) }),
      fc.record({ giveBack: fc.nat(1000) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const shared = new SharedMemory({ maximumMegabytes: 16, reserved: 4096 });
        const allocations: { offset: number; bytes: number }[] = [];
        for (const one of commands) {
          if ('take' in one) {
            const offset = shared.allocate(one.take);
            expect(offset % 64).toBe(0);
            expect(offset).toBeGreaterThanOrEqual(4096);
            const bytes = new Uint8Array(shared.memory.buffer, offset, one.take);
            expect(bytes.every((byte) => byte === 0)).toBe(true);
            bytes.fill(0xff);
            for (const other of allocations)
              expect(offset >= other.offset + other.bytes || offset + one.take <= other.offset).toBe(true);
            allocations.push({ offset, bytes: one.take });
          } else if (allocations.length > 0) {
            const [gone] = allocations.splice(one.giveBack % allocations.length, 1);
            shared.free(gone!.offset);
          }
        }
        for (const { offset } of allocations) shared.free(offset);
        expect(shared.used).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('reuses freed regions instead of growing', () => {
    const shared = new SharedMemory({ maximumMegabytes: 4, reserved: 4096 });
    for (let round = 0; round < 100; round++) shared.free(shared.allocate(3_000_000));
    expect(shared.memory.buffer.byteLength).toBeLessThanOrEqual(4 * 1_048_576);
  });

  it('rejects a region that does not fit, reporting the bytes in use, and stays usable', () => {
    const shared = new SharedMemory({ maximumMegabytes: 1, reserved: 4096 });
    const offset = shared.allocate(600_000);
    expect(() => shared.allocate(600_000)).toThrow(MemoryFull);
    expect(() => shared.allocate(600_000)).toThrow(
      '600000 bytes do not fit: 600000 of 1048576 bytes of kernel memory are in use',
    );
    shared.free(offset);
    expect(shared.allocate(600_000)).toBe(offset);
  });

  it('allocates and frees beyond the first two gigabytes, up to the last', () => {
    const shared = new SharedMemory({ maximumMegabytes: 4096, reserved: 4096 });
    const sizes = [2 ** 31 - 100_000, 64, 70_000, 2 ** 30, 64, 900_000_000];
    // their content is not touched, so that they take no memory
    const offsets = sizes.map((bytes) => shared.reserve(bytes).offset);
    expect(offsets.slice(2).every((offset) => offset > 2 ** 31 - 100_000)).toBe(true);
    expect(offsets.at(-1)).toBeGreaterThan(3 * 2 ** 30 - 100_000);
    for (const [i, offset] of offsets.entries()) if (i % 2 === 0) shared.free(offset);
    const again = [sizes[4]!, sizes[2]!].map((bytes) => shared.reserve(bytes).offset);
    for (const offset of [...again, ...offsets.filter((_, i) => i % 2 === 1)]) shared.free(offset);
    expect(shared.used).toBe(0);
    expect(shared.reserve(4_000_000_000).offset).toBe(offsets[0]);
  });

  it('rejects freeing an address that was not allocated', () => {
    const shared = new SharedMemory({ maximumMegabytes: 1, reserved: 4096 });
    const offset = shared.allocate(10);
    shared.free(offset);
    expect(() => shared.free(offset)).toThrow(`nothing was allocated at ${offset}`);
  });

  it('shares a region among all who ask for its name, until the last has freed it', () => {
    const memory = new SharedMemory({ maximumMegabytes: 4, reserved: 4096 });
    const own = memory.allocate(100);
    const shared = memory.share('scratch', 1000);
    expect(memory.share('scratch', 1000)).toBe(shared);
    expect(memory.share('other', 1000)).not.toBe(shared);
    const { used } = memory;
    memory.free(shared);
    expect(memory.used).toBe(used);
    memory.free(shared);
    expect(memory.used).toBe(used - 1024);
    expect(() => memory.free(shared)).toThrow('nothing was allocated');
    memory.free(own);
    const again = memory.share('scratch', 2000);
    memory.free(again);
    expect(() => memory.free(again)).toThrow('nothing was allocated');
  });
});
