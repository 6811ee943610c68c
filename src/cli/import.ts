import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import type { Arrays } from '../formats/arrays.ts';
import type { ImportedNetwork } from '../formats/imported-network.ts';
import { mapArrays } from '../formats/map-arrays.ts';
import { parseModelSpec, toModelSpec } from '../formats/model-spec-from-imported.ts';
import { parseJson } from '../formats/parse-json.ts';
import { resolveModelNetwork } from '../formats/resolve-model-network.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { specFile, weightsFile } from '../model-files.ts';
import { createKernel } from '../cells/create-kernel.ts';
import { networkInputs } from '../network/encoder-decoder.ts';
import { referenceNetwork } from '../network/reference-network.ts';
import { runOnce } from '../network/run-once.ts';
import type { ModelSpec } from '../network/spec.ts';
import { weightSource } from '../network/weight-source.ts';
import { checkModel } from '../repository/check-model.ts';
import { publishVersion } from '../repository/publish-version.ts';
import { parseGraphOptions, type GraphOptions } from './graph-options.ts';
import { readModelFile } from './read-model-file.ts';
import { formatNetwork } from './format-network.ts';

export interface ImportOptions extends GraphOptions {
  readonly models: string;
  readonly name: string;
  readonly task?: string | undefined;
  /** Names of the classes, separated by commas. */
  readonly labels?: string | undefined;
  /** A JSON file of inputs and expected outputs. */
  readonly check?: string | undefined;
  /** A model.json that describes the network of a file of weights. */
  readonly spec?: string | undefined;
}

/**
 * unroll import FILE --name N: converts a model file to model.json and weights.safetensors.
 * @returns the exit code
 */
export async function importCommand(
  path: string,
  options: ImportOptions,
  print: (line: string) => void = console.log,
): Promise<number> {
  const file = await readModelFile(path);
  const described = options.spec === undefined ? null : await readSpec(options.spec, options.name);
  const imported = described
    ? describedNetwork(described, file.arrays)
    : file.network(parseGraphOptions(options));
  for (const line of formatNetwork(imported)) print(line);
  for (const note of file.notes) print(`note: ${note}`);
  if (options.check !== undefined) await check(imported, options.check, print);
  const labels = options.labels?.split(',').map((label) => label.trim());
  const { weights: _, network: __, ...overrides } = described ?? {};
  const spec = toModelSpec(options.name, imported, {
    provenance: { file: basename(path), format: file.format },
    ...overrides,
    ...(options.task !== undefined && { task: options.task }),
    ...(labels && { outputs: { labels } }),
  });
  checkModel(spec, imported.weights);
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'unroll-import-'));
  try {
    await writeFile(join(temporaryFolder, specFile), `${JSON.stringify(spec, null, 2)}\n`);
    await writeFile(join(temporaryFolder, weightsFile), writeSafetensors(imported.weights));
    const version = await publishVersion(options.models, options.name, temporaryFolder);
    print(`imported ${options.name}@${version} to ${options.models}, task ${spec.task}`);
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
  return 0;
}

/** Reads a model.json as that of the model `name`. @throws UnrollError invalid_model with the fields */
async function readSpec(path: string, name: string): Promise<ModelSpec> {
  const json = parseJson(await readFile(path), path).value;
  return parseModelSpec(typeof json === 'object' ? { ...json, name } : json);
}

/** The network that a model.json describes, with the arrays that it names. @throws UnrollError invalid_weights */
function describedNetwork(spec: ModelSpec, arrays: Arrays): ImportedNetwork {
  const source = spec.weights ?? weightSource.parse({});
  const { weights, unused } = mapArrays(arrays, resolveModelNetwork(spec), source);
  const { input } = networkInputs(spec.network, weights);
  const notes = unused.length > 0 ? [`no layer reads ${unused.slice(0, 5).join(', ')}`] : [];
  return { network: spec.network, weights, input, notes };
}

const rows = z.array(z.array(z.number()).min(1)).min(1);
const checkCase = z.strictObject({
  input: z.union([z.array(z.int().min(0)).min(1), rows]),
  output: rows.optional(),
});
const checkCases = z.union([checkCase, z.array(checkCase).min(1)]);

/**
 * Prints the largest differences of the kernel from float64 arithmetic and from the expected outputs of the
 * file.
 */
async function check(imported: ImportedNetwork, path: string, print: (line: string) => void): Promise<void> {
  const { network, weights, input } = imported;
  const parsed = checkCases.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success)
    throw new UnrollError(
      'invalid_request',
      `${path}: must be {"input": ids or rows, "output": rows} or a list of them`,
    );
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 2048 });
  let referenceDifference = 0;
  let outputDifference: number | null = null;
  for (const { input: given, output } of [parsed.data].flat()) {
    const ids = typeof given[0] === 'number';
    if (ids !== (input.kind === 'ids'))
      throw new UnrollError(
        'input_mismatch',
        `${path}: the network reads ${input.kind === 'ids' ? 'ids' : `rows of ${input.width} numbers`}`,
      );
    const sequence = ids ? Int32Array.from(given as number[]) : Float32Array.from(given.flat());
    const computed = runOnce(kernel, network, weights, sequence);
    const steps = ids ? (given as number[]) : (given as number[][]).map((row) => Float64Array.from(row));
    const { output: reference } = referenceNetwork(network, weights, steps);
    referenceDifference = Math.max(referenceDifference, largestDifference(computed, reference));
    // one row for the whole sequence is compared with the last step
    if (output)
      outputDifference = Math.max(
        outputDifference ?? 0,
        largestDifference(computed.slice(-output.length), output),
      );
  }
  print(`largest difference of the kernel from float64: ${referenceDifference.toExponential(1)}`);
  if (outputDifference !== null)
    print(`largest difference from the expected outputs: ${outputDifference.toExponential(1)}`);
}

const largestDifference = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  b.reduce(
    (most, row, t) =>
      Array.from(row).reduce(
        (worst, value, k) => Math.max(worst, Math.abs(value - (a[t]?.[k] ?? NaN))),
        most,
      ),
    0,
  );
