import type { Dimension, GraphSignature, SignatureTensor } from '../../operators/signature.ts';

/** The field `graph` of a model.json to fill in: one of each list is to be chosen. */
export interface GraphCandidates {
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Inputs that may be states, with the outputs that may be their next values. */
  readonly states: Readonly<Record<string, readonly string[]>>;
  /** Inputs that have one number, which may be set. */
  readonly set: readonly string[];
  /** Inputs with open sizes: −1 is to be written for the steps, numbers for the others. */
  readonly shapes: Readonly<Record<string, readonly Dimension[]>>;
}

/** Lists what may be said of a graph of which nothing can be derived, by datatypes and shapes. */
export function listCandidates({ inputs, outputs }: GraphSignature): GraphCandidates {
  const isNumber = ({ shape }: SignatureTensor): boolean =>
    shape !== null && shape.every((size) => size === 1);
  const sequences = inputs.filter((input) => !isNumber(input));
  const followers = (input: SignatureTensor): string[] =>
    outputs.filter((output) => canFollow(input, output)).map(({ name }) => name);
  const states = sequences.map((input) => [input.name, followers(input)] as const);
  const open = sequences.filter(({ shape }) => shape?.some((size) => typeof size !== 'number'));
  return {
    input: sequences.map(({ name }) => name),
    output: outputs.map(({ name }) => name),
    states: Object.fromEntries(states.filter(([, names]) => names.length > 0)),
    set: inputs.filter(isNumber).map(({ name }) => name),
    shapes: Object.fromEntries(open.map(({ name, shape }) => [name, shape!])),
  };
}

/** Whether an output can be a state's next value: one datatype, and sizes that both fix are equal. */
function canFollow(input: SignatureTensor, output: SignatureTensor): boolean {
  if (input.datatype !== output.datatype || !input.shape) return false;
  if (!output.shape) return true;
  return (
    input.shape.length === output.shape.length &&
    input.shape.every((size, i) => {
      const other = output.shape![i];
      return typeof size !== 'number' || typeof other !== 'number' || size === other;
    })
  );
}
