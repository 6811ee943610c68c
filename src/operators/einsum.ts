import { inSlices } from './slices.ts';
import {
  computeStrides,
  createOperand,
  elementCount,
  invalidOperator,
  lazy,
  stridedIndexes,
  type Operand,
} from './operand.ts';
import { textAttribute, type OperatorImplementation } from './operator.ts';
import { required, requireInputs } from './shape.ts';
import type { OperatorSpec } from './spec.ts';

// Einstein's summation (numpy.einsum): axes of one letter run together; letters that are not in the result are
// summed over, in float64 from the first term to the last.

/** Products of one sum: their places in the inputs are looked up. */
const maxTerms = 2 ** 24;

/** The letters of a term, with those of its ellipsis, aligned at its end. */
function readLetters(term: string, rank: number): string[] {
  if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term))
    invalidOperator(`the term ${JSON.stringify(term)} is not valid`);
  const [before = '', after] = term.split('...');
  if (after === undefined) return [...before];
  const hidden = rank - before.length - after.length;
  return [...before, ...Array.from({ length: Math.max(0, hidden) }, (_, i) => `.${hidden - i}`), ...after];
}

interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly left: string;
  /** Undefined where the result is all letters that are there once. */
  readonly right: string | undefined;
  readonly sizes: ReadonlyMap<string, number>;
}

function readEquation(operator: OperatorSpec, operands: readonly Operand[]): Equation {
  const equation = textAttribute(operator, 'equation', '').replaceAll(/\s/g, '');
  const [left = '', right] = equation.split('->');
  const terms = left.split(',').map((term, i) => readLetters(term, operands[i]?.shape.length ?? 0));
  if (terms.length !== operands.length || terms.some((term, i) => term.length !== operands[i]!.shape.length))
    invalidOperator(`the equation ${JSON.stringify(equation)} does not fit its ${operands.length} inputs`);
  const sizes = new Map<string, number>();
  terms.forEach((term, i) =>
    term.forEach((letter, axis) => {
      const [size, known = 1] = [operands[i]!.shape[axis]!, sizes.get(letter)];
      if (known !== 1 && size !== 1 && known !== size) invalidOperator(`${letter} is ${known} and ${size}`);
      sizes.set(letter, known === 1 ? size : known);
    }),
  );
  return { terms, left, right, sizes };
}

/** The products of a run: one of all operands for each position of all letters. */
export const countEinsumProducts = (
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
): number =>
  [...readEquation(operator, inputs.map(required)).sizes.values()].reduce(
    (product, size) => product * size,
    inputs.length,
  );

const einsum: OperatorImplementation = (operator, inputs, context) => {
  const operands = requireInputs(inputs, 1);
  const { terms, left, right, sizes } = readEquation(operator, operands);
  const all = [...sizes.keys()];
  const hidden = all
    .filter((letter) => letter.startsWith('.'))
    .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  const once = all.filter((letter) => !letter.startsWith('.') && left.split(letter).length === 2).sort();
  if (right !== undefined && hidden.length > 0 && !right.includes('...'))
    invalidOperator('the result leaves out the axes of the ellipsis');
  const kept =
    right === undefined
      ? [...hidden, ...once]
      : readLetters(right, right.replace('...', '').length + hidden.length);
  const unknown = kept.find((letter, i) => !sizes.has(letter) || kept.indexOf(letter) !== i);
  if (unknown !== undefined)
    invalidOperator(`${JSON.stringify(unknown)} of the result is in no term, or twice`);
  const summed = all.filter((letter) => !kept.includes(letter));

  const toShape = (letters: readonly string[]): number[] => letters.map((letter) => sizes.get(letter)!);
  const y = createOperand(
    context,
    operands[0]!.kind,
    toShape(kept),
    operands.every(({ known }) => known),
  );
  /** Indexes into an operand as some letters run; the same letter twice is a diagonal. */
  const indexesAlong = (i: number, letters: readonly string[]): Int32Array => {
    const { shape } = operands[i]!;
    const strides = computeStrides(shape);
    return stridedIndexes(
      toShape(letters),
      letters.map((letter) =>
        terms[i]!.reduce(
          (sum, one, axis) => (one === letter && shape[axis] !== 1 ? sum + strides[axis]! : sum),
          0,
        ),
      ),
    );
  };
  const tables = lazy(() =>
    operands.map((_, i) => [indexesAlong(i, kept), indexesAlong(i, summed)] as const),
  );
  const termCount = elementCount(toShape(summed));
  if (termCount > maxTerms) invalidOperator(`a sum of ${termCount} products, the limit is ${maxTerms}`);
  return {
    outputs: [y],
    ...inSlices(y.values.length, termCount * operands.length, (from, to) => {
      const indexes = tables();
      for (let o = from; o < to; o++) {
        let sum = 0;
        for (let s = 0; s < termCount; s++) {
          let product = 1;
          for (let i = 0; i < operands.length; i++)
            product *= operands[i]!.values[indexes[i]![0][o]! + indexes[i]![1][s]!]!;
          sum += product;
        }
        y.values[o] = sum;
      }
    }),
  };
};

export const einsumOperators: Readonly<Record<string, OperatorImplementation>> = { Einsum: einsum };
