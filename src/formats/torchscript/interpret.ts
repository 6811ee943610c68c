import { UnrollError } from '../../errors.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { Archive } from './archive.ts';
import type { FunctionCode } from './code/syntax.ts';
import { knownSize } from './dimensions.ts';
import type { Graph } from './graph.ts';
import { createArguments, toKnown, type GivenInput, type InputSettings, type KnownInput } from './inputs.ts';
import { createRun } from './interpreter/create-run.ts';
import { UnsupportedCode } from './interpreter/run.ts';
import { listOutputs, type NamedOutput } from './outputs.ts';
import { RankNeeded } from './tensor-values.ts';

// A file does not say how many dimensions its inputs have, nor their sizes or types. Each number of dimensions
// that an operator needs to know is tried; what contradicts the code's weights and checks is out.

export interface Interpretation {
  readonly graph: Graph;
  readonly inputs: readonly GivenInput[];
  readonly outputs: readonly NamedOutput[];
  /** Whether a recurrent operator runs over sequences without a batch. */
  readonly unbatched: boolean;
}

/** Numbers of dimensions that are tried; the second list where none of the first fits. */
const triedRanks = [
  [3, 2, 1],
  [3, 2, 1, 4, 0],
] as const;
/** Interpretations, and steps that they take together. */
const limits = { trials: 1000, steps: 20_000_000 } as const;
const maxPasses = 4;

interface Search {
  readonly archive: Archive;
  readonly forward: FunctionCode;
  readonly settings: InputSettings;
  readonly found: Interpretation[];
  /** Where code that is not supported was reached: those dimensions may fit. */
  unsupported: UnsupportedCode | null;
  trials: number;
  steps: number;
  /** Of the interpretation that got furthest. */
  failure: { readonly error: unknown; readonly steps: number } | null;
}

/**
 * Interprets forward of an archive's module.
 * @throws UnrollError invalid_model with the place in the code, or what model.json must set
 */
export function interpret(archive: Archive, settings: InputSettings): Interpretation {
  const methods = archive.findClass(archive.module.name)?.methods;
  const forward = methods?.get('forward') ?? methods?.get('forward__0');
  if (!forward) return invalidModel(`${quote(archive.module.name)} has no forward`);
  const search: Search = {
    archive,
    forward,
    settings,
    found: [],
    unsupported: null,
    trials: 0,
    steps: 0,
    failure: null,
  };
  const given = Object.entries(settings.shapes).map(([name, shape]): [string, KnownInput] => [
    name,
    // a size of 1 may be a batch of any size
    { shape: shape.map((size) => (size > 1 ? size : null)), kind: null },
  ]);
  for (const ranks of triedRanks) if (search.found.length === 0) tryRanks(search, new Map(given), ranks);
  if (search.found.length === 0) throw search.failure!.error;
  if (search.unsupported && search.found.every(({ unbatched }) => unbatched)) throw search.unsupported;
  return chooseOne(search.found);
}

/** Interprets the code until an input's number of dimensions is needed, then with each. */
function tryRanks(search: Search, known: ReadonlyMap<string, KnownInput>, ranks: readonly number[]): void {
  if (++search.trials > limits.trials || search.steps > limits.steps)
    invalidModel('its inputs may have too many different shapes: in model.json, graph.shapes gives them');
  const outcome = interpretOnce(search, known);
  if (outcome === null) return;
  if (typeof outcome !== 'string') return void search.found.push(outcome);
  for (const rank of ranks)
    tryRanks(
      search,
      new Map([...known, [outcome, { shape: Array<null>(rank).fill(null), kind: null }]]),
      ranks,
    );
}

/**
 * Interprets the code, and again with what that has shown of its inputs, until nothing new is shown.
 * @returns null where it fails, the name of an input whose number of dimensions is needed, or the result
 */
function interpretOnce(
  search: Search,
  given: ReadonlyMap<string, KnownInput>,
): Interpretation | string | null {
  let known = given;
  for (let pass = 0; ; pass++) {
    const run = createRun(search.archive);
    const { args, inputs } = createArguments(run.graph, search.forward, search.settings, known);
    try {
      const self = { kind: 'module', object: search.archive.module } as const;
      const outputs = listOutputs(run.graph, run.callFunction(search.forward, [self, ...args], new Map()));
      if (outputs.length === 0) invalidModel('forward returns no tensor');
      const shown = new Map(inputs.map((input) => [input.name, toKnown(input)]));
      if (pass < maxPasses && JSON.stringify([...shown]) !== JSON.stringify([...known])) {
        known = shown;
        continue;
      }
      const unbatched = run.batches.some((batch) => knownSize(batch) === 1);
      return { graph: run.graph, inputs, outputs, unbatched };
    } catch (error) {
      search.steps += run.steps;
      if (error instanceof RankNeeded) {
        const input = inputs.find(({ tensor }) => tensor === error.tensor);
        if (input) return input.name;
      }
      if (!(error instanceof UnrollError)) throw error;
      if (error instanceof UnsupportedCode) search.unsupported ??= error;
      if (!search.failure || run.steps > search.failure.steps) search.failure = { error, steps: run.steps };
      return null;
    }
  }
}

/**
 * Chooses the interpretation: recurrent modules run over batches, and tensors that are combined have the same
 * number of dimensions. Any would give the code's numbers for inputs of its own dimensions.
 * @throws UnrollError invalid_model where several are left
 */
function chooseOne(found: readonly Interpretation[]): Interpretation {
  const batched = found.some(({ unbatched }) => !unbatched)
    ? found.filter(({ unbatched }) => !unbatched)
    : found;
  const least = Math.min(...batched.map(({ graph }) => graph.mixedRanks));
  const [one, ...others] = batched.filter(({ graph }) => graph.mixedRanks === least);
  if (others.length === 0) return one!;
  const ranks = (name: string): number[] => [
    ...new Set(
      [one!, ...others].map(
        ({ inputs }) => inputs.find((input) => input.name === name)?.tensor.shape?.length ?? 0,
      ),
    ),
  ];
  const open = one!.inputs
    .map(({ name }) => ({ name, fitting: ranks(name) }))
    .filter(({ fitting }) => fitting.length > 1);
  return invalidModel(
    `the file does not say how many dimensions its inputs have, and several numbers fit the code: ${open.map(({ name, fitting }) => `${quote(name)} ${fitting.toSorted((a, b) => a - b).join(' or ')}`).join(', ')}; ` +
      'in model.json, graph.shapes gives the shapes of inputs',
  );
}
