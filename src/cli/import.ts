import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import type { ImportedNetwork } from '../formats/imported-network.ts';
import { toModelSpec } from '../formats/model-spec-from-imported.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { specFile, weightsFile } from '../model-files.ts';
import { createKernel } from '../cells/create-kernel.ts';
import { referenceNetwork } from '../network/reference-network.ts';
import { runOnce } from '../network/run-once.ts';
import { checkModel } from '../repository/check-model.ts';
import { publishVersion } from '../repository/publish-version.ts';
import { parseGraphOptions, type GraphOptions } from './graph-options.ts';
import { readModelFile } from './read-model-file.ts';
import { formatNetwork } from './format-network.ts';

export interface ImportOptions extends GraphOptions {
  readonly models: string;
  readonly name: string;
  readonly task?: string | undefined;
  /** Names of the classes, with commas between. */
  readonly labels?: string | undefined;
  /** A file of inputs, with what they should give. */
  readonly check?: string | undefined;
}

/** unroll import FILE --name N: a file of others as model.json and weights.safetensors. @returns the exit code */
export async function importCommand(
  path: string,
  options: ImportOptions,
  print: (line: string) => void = console.log,
): Promise<number> {
  const file = await readModelFile(path);
  const foreign = file.network(parseGraphOptions(options));
  for (const line of formatNetwork(foreign)) print(line);
  if (options.check !== undefined) await check(foreign, options.check, print);
  const labels = options.labels?.split(',').map((label) => label.trim());
  const spec = toModelSpec(options.name, foreign, {
    ...(options.task !== undefined && { task: options.task }),
    ...(labels && { outputs: { labels } }),
    provenance: { file: basename(path), format: file.format },
  });
  checkModel(spec, foreign.weights);
  const draft = await mkdtemp(join(tmpdir(), 'unroll-import-'));
  try {
    await writeFile(join(draft, specFile), `${JSON.stringify(spec, null, 2)}\n`);
    await writeFile(join(draft, weightsFile), writeSafetensors(foreign.weights));
    const version = await publishVersion(options.models, options.name, draft);
    print(`${options.name}@${version} is in ${options.models}, as ${spec.task}`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return 0;
}

const rows = z.array(z.array(z.number()).min(1)).min(1);
const one = z.strictObject({
  input: z.union([z.array(z.int().min(0)).min(1), rows]),
  output: rows.optional(),
});
const checks = z.union([one, z.array(one).min(1)]);

/** Prints how far the kernel is from float64 arithmetic, and from the outputs the file gives. */
async function check(foreign: ImportedNetwork, path: string, print: (line: string) => void): Promise<void> {
  const { network, weights, input } = foreign;
  const parsed = checks.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (!parsed.success)
    throw new UnrollError(
      'invalid_request',
      `${path}: must be {"input": ids or rows, "output": rows} or a list of them`,
    );
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 2048 });
  let ofReference = 0;
  let ofTheirs: number | null = null;
  for (const { input: given, output } of [parsed.data].flat()) {
    const ids = typeof given[0] === 'number';
    if (ids !== (input.kind === 'ids'))
      throw new UnrollError(
        'input_mismatch',
        `${path}: the network reads ${input.kind === 'ids' ? 'ids' : `rows of ${input.width} numbers`}`,
      );
    const sequence = ids ? Int32Array.from(given as number[]) : Float32Array.from(given.flat());
    const emitted = runOnce(kernel, network, weights, sequence);
    const steps = ids ? (given as number[]) : (given as number[][]).map((row) => Float64Array.from(row));
    const { output: reference } = referenceNetwork(network, weights, steps);
    ofReference = Math.max(ofReference, distance(emitted, reference));
    // one row for the whole sequence is the last step's
    if (output) ofTheirs = Math.max(ofTheirs ?? 0, distance(emitted.slice(-output.length), output));
  }
  print(`largest difference of the kernel from float64: ${ofReference.toExponential(1)}`);
  if (ofTheirs !== null) print(`largest difference from the outputs given: ${ofTheirs.toExponential(1)}`);
}

const distance = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  b.reduce(
    (most, row, t) =>
      Array.from(row).reduce(
        (worst, value, k) => Math.max(worst, Math.abs(value - (a[t]?.[k] ?? NaN))),
        most,
      ),
    0,
  );
