// Datatypes of the Open Inference Protocol (https://github.com/kserve/open-inference-protocol),
// little-endian.

interface NumberDatatype {
  readonly bytes: number;
  /** Values outside it are refused; null for floating point. */
  readonly range: readonly [min: number, max: number] | null;
  readonly read: (view: DataView, at: number) => number;
  readonly write: (view: DataView, at: number, value: number) => void;
}

/** 64-bit integers are read and written as doubles: ids and lengths are far below 2⁵³. */
const integer = (bits: 8 | 16 | 32 | 64, signed: boolean): NumberDatatype => {
  const max = Math.min(2 ** (signed ? bits - 1 : bits) - 1, Number.MAX_SAFE_INTEGER);
  const min = signed ? Math.max(-(2 ** (bits - 1)), Number.MIN_SAFE_INTEGER) : 0;
  const name = `${signed ? 'Int' : 'Uint'}${bits}` as
    'Int8' | 'Int16' | 'Int32' | 'Uint8' | 'Uint16' | 'Uint32';
  const range = [min, max] as const;
  if (bits === 64)
    return signed
      ? {
          bytes: 8,
          range,
          read: (view, at) => Number(view.getBigInt64(at, true)),
          write: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
        }
      : {
          bytes: 8,
          range,
          read: (view, at) => Number(view.getBigUint64(at, true)),
          write: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
        };
  return {
    bytes: bits / 8,
    range,
    read: (view, at) => view[`get${name}`](at, true),
    write: (view, at, value) => view[`set${name}`](at, value, true),
  };
};
const floating = (bits: 16 | 32 | 64): NumberDatatype => ({
  bytes: bits / 8,
  range: null,
  read: (view, at) => view[`getFloat${bits}`](at, true),
  write: (view, at, value) => view[`setFloat${bits}`](at, value, true),
});

export const numberDatatypes = {
  BOOL: { ...integer(8, false), range: [0, 1] },
  UINT8: integer(8, false),
  UINT16: integer(16, false),
  UINT32: integer(32, false),
  UINT64: integer(64, false),
  INT8: integer(8, true),
  INT16: integer(16, true),
  INT32: integer(32, true),
  INT64: integer(64, true),
  FP16: floating(16),
  FP32: floating(32),
  FP64: floating(64),
} as const satisfies Record<string, NumberDatatype>;

export type Datatype = keyof typeof numberDatatypes | 'BYTES';
export const datatypes = [...(Object.keys(numberDatatypes) as Datatype[]), 'BYTES' as const];
