import {
  instructions,
  type Instruction,
  type InstructionName,
} from '../../../src/kernel/assembler/instructions.ts';

// Reads an instruction back from bytes by the same table, written separately from the encoder.

function readLeb(bytes: readonly number[], from: number): { value: number; length: number } {
  let value = 0;
  let length = 0;
  for (;;) {
    const byte = bytes[from + length]!;
    value += (byte & 0x7f) * 2 ** (7 * length);
    length++;
    if (byte < 0x80) return { value, length };
  }
}

export function decodeInstruction(bytes: readonly number[]): {
  name: InstructionName;
  immediate: number[];
  length: number;
} {
  const prefixed = bytes[0]! >= 0xfc;
  const code = prefixed ? readLeb(bytes, 1) : { value: bytes[0]!, length: 0 };
  const start = 1 + code.length;
  const found = Object.entries(instructions).find(([, { opcode }]: [string, Instruction]) =>
    prefixed
      ? opcode[0] === bytes[0] && opcode[1] === code.value
      : opcode.length === 1 && opcode[0] === code.value,
  );
  if (!found) throw new Error(`no instruction has the bytes ${bytes.slice(0, start).join(' ')}`);
  const [name, { immediate }] = found as [InstructionName, Instruction];
  let length = 0;
  if (immediate === 'memory') {
    length = readLeb(bytes, start).length;
    length += readLeb(bytes, start + length).length;
  } else if (immediate === 'i32') length = readLeb(bytes, start).length;
  else length = { none: 0, f32: 4, lane: 1, v128: 16 }[immediate];
  return { name, immediate: bytes.slice(start, start + length), length: start + length };
}
