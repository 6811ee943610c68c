// A server that is asked whether it keeps to a protocol, and what cases say about its answers.

export interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}
export interface Metadata {
  readonly name: string;
  readonly versions?: readonly string[];
  readonly platform: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}
export interface Reply {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly bytes: Buffer;
  json(): Record<string, unknown>;
}
export interface Asked {
  get(path: string): Promise<Reply>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  readonly metadata: Metadata;
  /** The path of the model. */
  readonly path: string;
  /** A request with an input for every one of the metadata: −1 is 1 for the batch, then 3. */
  request(
    change?: (input: Record<string, unknown>, index: number) => void,
    rest?: { parameters?: object; [field: string]: unknown },
  ): object;
  /** What the same request gives, decoded. */
  readonly answer: readonly { name: string; datatype: string; shape: number[]; data: unknown[] }[];
}

export interface Case {
  readonly says: string;
  /** @throws what is not as the specification has it */
  run(asked: Asked): Promise<void>;
}

export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
export const isError = (reply: Reply, from: number, to: number): void => {
  expect(reply.status >= from && reply.status <= to, `status ${reply.status}, must be ${from} to ${to}`);
  const { error } = reply.json();
  expect(
    typeof error === 'string' && error !== '',
    `the body must be {"error": "…"}, was ${reply.bytes.toString().slice(0, 200)}`,
  );
};
export const isTensors = (value: unknown, what: string): void => {
  expect(Array.isArray(value) && value.length > 0, `${what} must be a list`);
  for (const { name, datatype, shape } of value as Tensor[])
    expect(
      typeof name === 'string' && typeof datatype === 'string' && Array.isArray(shape),
      `each of ${what} must have a name, a datatype and a shape`,
    );
};

export const sizes: Readonly<Record<string, number>> = {
  BOOL: 1,
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  FP16: 2,
  BF16: 2,
  UINT32: 4,
  INT32: 4,
  FP32: 4,
  UINT64: 8,
  INT64: 8,
  FP64: 8,
};
export const countElements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

export const readExtensions = async ({ get }: Asked): Promise<readonly string[]> =>
  ((await get('/v2')).json()['extensions'] ?? []) as string[];
