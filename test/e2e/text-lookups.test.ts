import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type ServerProcess } from './server-process.ts';

// Models of Keras that look texts up, served from their files, beside what Keras itself gave for the same texts
// (golden/make-keras-text-files.py).

type Cell = string | number;
interface Golden {
  readonly inputs: Readonly<Record<string, readonly (Cell | readonly Cell[])[]>>;
  /** Of the batch, and of each text in a batch of its own. */
  readonly y: readonly unknown[];
  readonly alone: readonly unknown[];
}
const golden = join(import.meta.dirname, '../golden/keras-text-files');
const answers = JSON.parse(readFileSync(join(golden, 'answers.json'), 'utf8')) as Record<string, Golden>;
const files = [...Object.keys(answers).map((name) => `${name}.keras`), 'cut.h5'];
const toName = (file: string): string => file.replace('.', '-');
const answerOf = (file: string): Golden => answers[file.replace(/\..*/, '')]!;

const root = mkdtempSync(join(tmpdir(), 'unroll-texts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let server: ServerProcess;
beforeAll(async () => {
  for (const file of [...files, 'ngrams.keras', 'multi-hot.keras', 'hashed.keras']) {
    const folder = join(root, toName(file), '1');
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(golden, file), join(folder, file));
  }
  server = await startServer(root);
});
afterAll(() => server.stop());

const post = async (path: string, body: object): Promise<{ status: number; json: never }> => {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as never };
};
const flatten = (value: unknown): number[] => [value].flat(9) as number[];
function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5));
}

describe.each(files)('%s', (file) => {
  const { inputs, y, alone } = answerOf(file);
  const kinds: Record<string, string> = { text: 'BYTES', codes: 'INT64', numbers: 'FP32' };
  const toTensor = (name: string, rows: Golden['inputs'][string]) => ({
    name,
    datatype: kinds[name]!,
    shape: [rows.length, ...(Array.isArray(rows[0]) ? [rows[0].length] : [])],
    data: rows.flat(),
  });

  it('gives what Keras gives for a batch of texts, over /v2', async () => {
    const tensors = Object.entries(inputs).map(([name, rows]) => toTensor(name, rows));
    const { status, json } = await post(`/v2/models/${toName(file)}/infer`, { inputs: tensors });
    expect([status, json]).toMatchObject([200, {}]);
    expectClose(flatten((json as { outputs: { data: number[] }[] }).outputs[0]!.data), flatten(y));
  });

  it('declares the inputs of the file', async () => {
    const metadata = (await (await fetch(`${server.url}/v2/models/${toName(file)}`)).json()) as {
      inputs: { name: string; datatype: string; shape: number[] }[];
      parameters: { optional_inputs: unknown[] };
    };
    expect(metadata.inputs.map(({ name, datatype }) => [name, datatype])).toEqual(
      Object.keys(inputs).map((name) => [name, kinds[name]]),
    );
    expect(metadata.parameters.optional_inputs).toEqual([]);
  });

  const rows = Object.values(inputs)[0]!;
  const single = Object.keys(inputs).length === 1 ? rows : [];
  it.each(single.map((row, i) => [row, i] as const))(
    'gives what Keras gives for %j alone, over /v1',
    async (row, i) => {
      const one = Array.isArray(row) ? (row as readonly Cell[]) : [row as Cell];
      const input = typeof one[0] === 'string' && one.length === 1 ? one[0] : [one.map(String)];
      const { status, json } = await post(`/v1/models/${toName(file)}/predict`, { input });
      expect([status, json]).toMatchObject([200, {}]);
      expectClose(
        flatten((json as { predictions: { output: number[] }[] }).predictions[0]!.output),
        flatten(alone[i]),
      );
    },
  );
});

describe('a model that looks texts up', () => {
  it.each([
    ['ngrams', /words.*ngrams 2 is not supported/],
    ['multi-hot', /words.*output_mode "multi_hot" is not supported, must be "int"/],
    ['hashed', /string_lookup.*num_oov_indices 3 is not supported, must be 1/],
  ])('is refused with %s, by name', async (name, reason) => {
    const { error } = (await (await fetch(`${server.url}/v1/models/${name}-keras`)).json()) as {
      error: string;
    };
    expect(error).toMatch(reason);
  });
});
