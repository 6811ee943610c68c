import { pushUnsigned, unsignedLeb, vector, type Chunks } from './leb128.ts';
import type { InstructionName, ValueType } from './instructions.ts';
import {
  add,
  encodeInstruction,
  i32,
  memoryImmediate,
  ne,
  sub,
  type Expression,
  type F32,
  type I32,
  type I32Like,
  type V128,
} from './expressions.ts';

export interface Local<T extends ValueType = ValueType> extends Expression<T> {
  readonly index: number;
}
export type I32Local = Local<'i32'>;
export type V128Local = Local<'v128'>;

const typeCode = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
const emptyBlock = 0x40;

/** The statements of one function; every value in them is an expression. */
export class FunctionBuilder {
  readonly name: string;
  readonly parameters: readonly I32Local[];
  readonly #locals: ValueType[] = [];
  readonly #body: number[] = [];

  constructor(name: string, parameterCount: number) {
    this.name = name;
    this.parameters = Array.from({ length: parameterCount }, (_, index) => localAt('i32', index));
  }

  local<T extends ValueType>(type: T, initial?: Expression<T>): Local<T> {
    const local = localAt(type, this.parameters.length + this.#locals.length);
    this.#locals.push(type);
    if (initial) this.set(local, initial);
    return local;
  }

  i32(initial?: I32Like): I32Local {
    return this.local('i32', initial === undefined ? undefined : i32(initial));
  }

  v128(initial?: V128): V128Local {
    return this.local('v128', initial);
  }

  vectors(count: number): V128Local[] {
    return Array.from({ length: count }, () => this.v128());
  }

  set<T extends ValueType>(target: Local<T>, value: Expression<T>): void {
    if (target.type !== value.type) throw new TypeError(`a ${target.type} local was given a ${value.type}`);
    value.encode(this.#body);
    this.#body.push(0x21);
    pushUnsigned(this.#body, target.index);
  }

  /** target += bytes */
  advance(target: I32Local, bytes: I32Like): void {
    this.set(target, add(target, bytes));
  }

  store(address: I32Like, value: V128, offset = 0): void {
    this.#store('v128.store', address, value, offset);
  }

  storeF32(address: I32Like, value: F32, offset = 0): void {
    this.#store('f32.store', address, value, offset);
  }

  storeI32(address: I32Like, value: I32Like, offset = 0): void {
    this.#store('i32.store', address, i32(value), offset);
  }

  #store(name: InstructionName, address: I32Like, value: Expression, offset: number): void {
    i32(address).encode(this.#body);
    value.encode(this.#body);
    encodeInstruction(this.#body, name, memoryImmediate(name, offset));
  }

  if(condition: I32Like, then: () => void, otherwise?: () => void): void {
    i32(condition).encode(this.#body);
    this.#body.push(0x04, emptyBlock);
    then();
    if (otherwise) {
      this.#body.push(0x05);
      otherwise();
    }
    this.#body.push(0x0b);
  }

  /** Runs `body` at least once, and again while the condition holds after it. */
  doWhile(body: () => void, condition: () => I32): void {
    this.#body.push(0x03, emptyBlock);
    body();
    condition().encode(this.#body);
    this.#body.push(0x0d, 0, 0x0b);
  }

  /** Runs `body` while the condition holds before it. */
  while(condition: () => I32, body: () => void): void {
    this.if(condition(), () => this.doWhile(body, condition));
  }

  /** Runs `body` `count` ≥ 1 times, `count` falling to 0. */
  repeat(count: I32Local, body: () => void): void {
    this.doWhile(
      () => {
        body();
        this.set(count, sub(count, 1));
      },
      () => ne(count, 0),
    );
  }

  encode(): Chunks {
    const locals = vector(this.#locals.map((type) => [1, typeCode[type]]));
    const length = locals.length + this.#body.length + 1;
    return [[...unsignedLeb(length), ...locals], this.#body, [0x0b]];
  }
}

function localAt<T extends ValueType>(type: T, index: number): Local<T> {
  return {
    type,
    index,
    encode(out) {
      out.push(0x20);
      pushUnsigned(out, index);
    },
  };
}
