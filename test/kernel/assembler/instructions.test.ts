import { describe, expect, it } from 'vitest';
import { encodeInstruction, memoryImmediate, operation } from '../../../src/kernel/assembler/expressions.ts';
import { FunctionBuilder } from '../../../src/kernel/assembler/function-builder.ts';
import {
  instructions,
  type Instruction,
  type InstructionName,
  type ValueType,
} from '../../../src/kernel/assembler/instructions.ts';
import { ModuleBuilder } from '../../../src/kernel/assembler/module-builder.ts';
import { decodeInstruction } from './decode-instruction.ts';

const names = Object.keys(instructions) as InstructionName[];
const immediates: Record<Instruction['immediate'], (name: InstructionName) => number[]> = {
  none: () => [],
  memory: (name) => memoryImmediate(name, 1_000_000),
  i32: () => [0xc0, 0xbb, 0x78],
  f32: () => [0, 0, 0x80, 0x3f],
  lane: () => [3],
  v128: () => Array.from({ length: 16 }, (_, byte) => byte),
};

describe('the instruction table', () => {
  it('gives every instruction its own opcode', () => {
    const opcodes = names.map((name) => instructions[name].opcode.join(' '));
    expect(new Set(opcodes).size).toBe(names.length);
  });

  it.each(names)('decodes %s from its bytes', (name) => {
    const immediate = immediates[instructions[name].immediate](name);
    const bytes: number[] = [];
    encodeInstruction(bytes, name, immediate);
    expect(decodeInstruction([...bytes, 0x0b])).toEqual({ name, immediate, length: bytes.length });
  });

  it.each(names)('%s has the operand and result types V8 expects', (name) => {
    const row: Instruction = instructions[name];
    const module = new ModuleBuilder({ maximumPages: 1 });
    module.function('f', [], (f) => {
      const operands = row.operands.map((type) => f.local(type));
      const immediate =
        row.immediate === 'memory' ? memoryImmediate(name, 16) : immediates[row.immediate](name);
      const value = operation<ValueType>(name, operands, immediate);
      if (row.result) f.set(f.local(row.result), value);
      else storeOperands(f, name, operands[1]!);
    });
    expect(WebAssembly.validate(module.encode())).toBe(true);
  });

  it('rejects operands of the wrong type when a function is built', () => {
    const f = new FunctionBuilder('f', 0);
    expect(() => operation('f32x4.add', [f.i32(), f.v128()])).toThrow(
      'f32x4.add takes (v128, v128), was given (i32, v128)',
    );
  });
});

function storeOperands(
  f: FunctionBuilder,
  name: InstructionName,
  value: ReturnType<FunctionBuilder['local']>,
): void {
  if (name === 'v128.store') f.store(0, value as never);
  else if (name === 'f32.store') f.storeF32(0, value as never);
  else f.storeI32(0, value as never);
}
