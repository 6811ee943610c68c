import { pushUnsigned, signedLeb, unsignedLeb } from './leb128.ts';
import { instructions, type Instruction, type InstructionName, type ValueType } from './instructions.ts';

// A kernel is written as typed expressions: a tree whose leaves are locals, constants and loads. encode()
// walks it in the order of the stack machine, so no pushes and pops are written by hand.

export interface Expression<T extends ValueType = ValueType> {
  readonly type: T;
  readonly encode: (out: number[]) => void;
}
export type I32 = Expression<'i32'>;
export type F32 = Expression<'f32'>;
export type V128 = Expression<'v128'>;
/** An i32 expression, or a number for an i32 constant. */
export type I32Like = I32 | number;

/** Appends an instruction's opcode and immediate bytes. */
export function encodeInstruction(
  out: number[],
  name: InstructionName,
  immediate: readonly number[] = [],
): void {
  const { opcode }: Instruction = instructions[name];
  out.push(opcode[0]);
  if (opcode.length === 2) pushUnsigned(out, opcode[1]);
  for (const byte of immediate) out.push(byte);
}

/** The immediate of a memory instruction: alignment hint, constant byte offset. */
export const memoryImmediate = (name: InstructionName, offset: number): number[] => [
  ...unsignedLeb((instructions[name] as Instruction).align ?? 0),
  ...unsignedLeb(offset),
];

/**
 * One instruction over operand expressions; operand types are checked when the kernel is written, not when it
 * runs.
 */
export function operation<T extends ValueType>(
  name: InstructionName,
  operands: readonly Expression[],
  immediate: readonly number[] = [],
): Expression<T> {
  const { operands: wanted, result }: Instruction = instructions[name];
  if (operands.length !== wanted.length || operands.some(({ type }, i) => type !== wanted[i]))
    throw new TypeError(
      `${name} takes (${wanted.join(', ')}), was given (${operands.map(({ type }) => type).join(', ')})`,
    );
  return {
    type: result as T,
    encode: (out) => {
      for (const operand of operands) operand.encode(out);
      encodeInstruction(out, name, immediate);
    },
  };
}

export const i32 = (value: I32Like): I32 =>
  typeof value === 'number' ? operation<'i32'>('i32.const', [], signedLeb(value)) : value;
export const f32 = (value: number): F32 =>
  operation<'f32'>('f32.const', [], [...new Uint8Array(Float32Array.of(value).buffer)]);

const integer = (name: InstructionName) => (a: I32Like, b: I32Like) =>
  operation<'i32'>(name, [i32(a), i32(b)]);
const scalar = (name: InstructionName) => (a: F32, b: F32) => operation<'f32'>(name, [a, b]);
const vectorBinary = (name: InstructionName) => (a: V128, b: V128) => operation<'v128'>(name, [a, b]);

// ---- i32: addresses and counts
export const add = integer('i32.add');
export const sub = integer('i32.sub');
export const mul = integer('i32.mul');
export const or = integer('i32.or');
export const xor = integer('i32.xor');
export const eq = integer('i32.eq');
export const ne = integer('i32.ne');
export const lessThan = integer('i32.lt_u');

// ---- f32: one number
export const f32add = scalar('f32.add');
export const f32max = scalar('f32.max');
export const f32sub = scalar('f32.sub');
export const f32mul = scalar('f32.mul');
export const f32div = scalar('f32.div');
export const f32sqrt = (a: F32): F32 => operation('f32.sqrt', [a]);
export const f32greater = (a: F32, b: F32): I32 => operation('f32.gt', [a, b]);

// ---- v128: four float32, or four int32 where the name contains int
export const vadd = vectorBinary('f32x4.add');
export const vsub = vectorBinary('f32x4.sub');
export const vmul = vectorBinary('f32x4.mul');
export const vdiv = vectorBinary('f32x4.div');
export const vmax = vectorBinary('f32x4.max');
/** b < a ? b : a, one machine instruction; a NaN in `a` comes through. */
export const pmin = vectorBinary('f32x4.pmin');
/** a < b ? b : a, one machine instruction; a NaN in `a` comes through. */
export const pmax = vectorBinary('f32x4.pmax');
/** a · b + c, rounded once where the machine has fused multiply-add. */
export const fma = (a: V128, b: V128, c: V128): V128 => operation('f32x4.relaxed_madd', [a, b, c]);
/** c − a · b, rounded once where the machine has fused multiply-add. */
export const fnma = (a: V128, b: V128, c: V128): V128 => operation('f32x4.relaxed_nmadd', [a, b, c]);
export const splat = (a: F32): V128 => operation('f32x4.splat', [a]);
export const lane = (a: V128, index: number): F32 => operation('f32x4.extract_lane', [a], [index]);
/** a without the bits of b. */
export const vandnot = vectorBinary('v128.andnot');
/** All bits of a lane where a ≤ b, none where it is not or either is a NaN. */
export const vle = vectorBinary('f32x4.le');
/** Each int32 as a float32. */
export const intToFloat = (a: V128): V128 => operation('f32x4.convert_i32x4_s', [a]);
export const intAdd = vectorBinary('i32x4.add');
export const intSub = vectorBinary('i32x4.sub');
export const intMax = vectorBinary('i32x4.max_s');
export const shiftLeft = (a: V128, bits: number): V128 => operation('i32x4.shl', [a, i32(bits)]);
export const vand = vectorBinary('v128.and');
/** Eight int16 of eight int32, clamped: those of `a`, then those of `b`. */
export const narrowToInt16 = vectorBinary('i16x8.narrow_i32x4_s');
/** Sixteen bytes of sixteen int16, clamped to 0 … 255. */
export const narrowToBytes = vectorBinary('i8x16.narrow_i16x8_u');
/** Four sums of two products of int16. */
export const dotInt16 = vectorBinary('i32x4.dot_i16x8_s');
/** Shifts of eight int16, the right one with the sign or without. */
export const shiftLeft16 = (a: V128, bits: number): V128 => operation('i16x8.shl', [a, i32(bits)]);
export const shiftRight16 = (a: V128, bits: number): V128 => operation('i16x8.shr_s', [a, i32(bits)]);
export const shiftRightUnsigned16 = (a: V128, bits: number): V128 => operation('i16x8.shr_u', [a, i32(bits)]);
/**
 * c + four sums of four products: a int8, b 0 … 127. For a larger b it is the machine's choice whether it has a sign and
 * whether the sum of two products saturates.
 */
export const relaxedDotBytes = (a: V128, b: V128, c: V128): V128 =>
  operation('i32x4.relaxed_dot_i8x16_i7x16_add_s', [a, b, c]);
/** Four given int32. */
export const ints = (values: readonly [number, number, number, number]): V128 =>
  operation('v128.const', [], [...new Uint8Array(Int32Array.from(values).buffer)]);

// ---- loads; `offset` is a constant number of bytes
const loading =
  <T extends ValueType>(name: InstructionName) =>
  (address: I32Like, offset = 0): Expression<T> =>
    operation<T>(name, [i32(address)], memoryImmediate(name, offset));
export const load = loading<'v128'>('v128.load');
export const loadSplat = loading<'v128'>('v128.load32_splat');
export const loadF32 = loading<'f32'>('f32.load');
export const loadI32 = loading<'i32'>('i32.load');
