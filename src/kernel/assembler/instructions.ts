// The WebAssembly instructions the kernel uses: opcode bytes, operand types, result type, kind of immediate.
// Opcodes from the core specification 3.0, 5.4 Instructions (0xfd: vector, 0xfd ≥ 0x100: relaxed vector,
// 0xfc: bulk memory).

export type ValueType = 'i32' | 'f32' | 'v128';
export type Immediate = 'none' | 'memory' | 'i32' | 'f32' | 'lane' | 'v128';

export interface Instruction {
  readonly opcode: readonly [number] | readonly [prefix: number, code: number];
  readonly operands: readonly ValueType[];
  readonly result: ValueType | null;
  readonly immediate: Immediate;
  /** log2 of the bytes touched: the alignment hint of a memory instruction. */
  readonly align?: number;
}

const plain = (code: number, operands: ValueType[], result: ValueType): Instruction => ({
  opcode: [code],
  operands,
  result,
  immediate: 'none',
});
const i32Binary = (code: number) => plain(code, ['i32', 'i32'], 'i32');
const f32Unary = (code: number) => plain(code, ['f32'], 'f32');
const f32Binary = (code: number, result: ValueType = 'f32') => plain(code, ['f32', 'f32'], result);
const simd = (code: number, operands: ValueType[], result: ValueType): Instruction => ({
  opcode: [0xfd, code],
  operands,
  result,
  immediate: 'none',
});
const vUnary = (code: number) => simd(code, ['v128'], 'v128');
const vBinary = (code: number) => simd(code, ['v128', 'v128'], 'v128');
const vTernary = (code: number) => simd(code, ['v128', 'v128', 'v128'], 'v128');
const shift = (code: number) => simd(code, ['v128', 'i32'], 'v128');
const load = (opcode: Instruction['opcode'], result: ValueType, align: number): Instruction => ({
  opcode,
  operands: ['i32'],
  result,
  immediate: 'memory',
  align,
});
const store = (opcode: Instruction['opcode'], value: ValueType, align: number): Instruction => ({
  opcode,
  operands: ['i32', value],
  result: null,
  immediate: 'memory',
  align,
});

export const instructions = {
  'i32.load': load([0x28], 'i32', 2),
  'f32.load': load([0x2a], 'f32', 2),
  'i32.store': store([0x36], 'i32', 2),
  'f32.store': store([0x38], 'f32', 2),
  'i32.const': { opcode: [0x41], operands: [], result: 'i32', immediate: 'i32' },
  'f32.const': { opcode: [0x43], operands: [], result: 'f32', immediate: 'f32' },
  'i32.eq': i32Binary(0x46),
  'i32.ne': i32Binary(0x47),
  'i32.lt_u': i32Binary(0x49),
  'f32.gt': f32Binary(0x5e, 'i32'),
  'i32.add': i32Binary(0x6a),
  'i32.sub': i32Binary(0x6b),
  'i32.mul': i32Binary(0x6c),
  'i32.or': i32Binary(0x72),
  'i32.xor': i32Binary(0x73),
  'f32.sqrt': f32Unary(0x91),
  'f32.add': f32Binary(0x92),
  'f32.sub': f32Binary(0x93),
  'f32.mul': f32Binary(0x94),
  'f32.div': f32Binary(0x95),
  'f32.max': f32Binary(0x97),
  'v128.load': load([0xfd, 0x00], 'v128', 4),
  'v128.load32_splat': load([0xfd, 0x09], 'v128', 2),
  'v128.store': store([0xfd, 0x0b], 'v128', 4),
  'v128.const': { opcode: [0xfd, 0x0c], operands: [], result: 'v128', immediate: 'v128' },
  'f32x4.splat': simd(0x13, ['f32'], 'v128'),
  'f32x4.extract_lane': {
    opcode: [0xfd, 0x1f],
    operands: ['v128'],
    result: 'f32',
    immediate: 'lane',
  },
  'f32x4.le': vBinary(0x45),
  'v128.and': vBinary(0x4e),
  'v128.andnot': vBinary(0x4f),
  'i8x16.narrow_i16x8_u': vBinary(0x66),
  'i16x8.narrow_i32x4_s': vBinary(0x85),
  'i16x8.shl': shift(0x8b),
  'i16x8.shr_s': shift(0x8c),
  'i16x8.shr_u': shift(0x8d),
  'i32x4.shl': shift(0xab),
  'i32x4.add': vBinary(0xae),
  'i32x4.sub': vBinary(0xb1),
  'i32x4.max_s': vBinary(0xb8),
  'i32x4.dot_i16x8_s': vBinary(0xba),
  'f32x4.add': vBinary(0xe4),
  'f32x4.sub': vBinary(0xe5),
  'f32x4.mul': vBinary(0xe6),
  'f32x4.div': vBinary(0xe7),
  'f32x4.max': vBinary(0xe9),
  'f32x4.pmin': vBinary(0xea),
  'f32x4.pmax': vBinary(0xeb),
  'f32x4.convert_i32x4_s': vUnary(0xfa),
  'f32x4.relaxed_madd': vTernary(0x105),
  'f32x4.relaxed_nmadd': vTernary(0x106),
  'i32x4.relaxed_dot_i8x16_i7x16_add_s': vTernary(0x113),
} as const satisfies Record<string, Instruction>;

export type InstructionName = keyof typeof instructions;
