// Bodies that are cheap to send and expensive to parse, to read, to run or to answer, for every POST route.

export interface HostileBody {
  readonly path: string;
  readonly body: () => string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are right. */
  readonly statuses: readonly number[];
  /** What the problem must say. */
  readonly says?: RegExp;
}

/** A little less than UNROLL_MAX_BODY_BYTES. */
export const most = 4 * 1_048_576 - 500;
export const fill = (text: string, bytes: number): string =>
  text.repeat(Math.floor(bytes / Buffer.byteLength(text)));
export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
export const json =
  (body: object): (() => string) =>
  () =>
    JSON.stringify(body);

let names = 0;
/** A body that creates a model, whose name no earlier body has taken. */
export const creating =
  (model: string, body: object): (() => string) =>
  () =>
    JSON.stringify({ ...body, model: `${model}-${++names}` });

export const day = [9083, 0, 0, 0, 0, 0, 1, 0, 0, 1];
export const timeout = { timeout_ms: 2000 };
export const keys = (count: number): string => times(count, (i) => `"k${i}":1`).join(',');

export const classify = '/v1/models/language/classify';
export const tag = '/v1/models/brown-tagger/tag';
export const embed = '/v1/models/language/embed';
export const generate = '/v1/models/moby/generate';
export const decode = '/v1/models/pronounce/decode';
export const predict = '/v1/models/births/predict';
export const jobs = '/v1/training/jobs';
export const comparisons = '/v1/training/comparisons';
export const infer = (model: string): string => `/v2/models/${model}/infer`;
