import type { Evaluation } from '../../operators/analysis/evaluate-graph.ts';
import { numberListAttribute, textAttribute } from '../../operators/operator.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

/**
 * Makes the zeros that a Pad puts around the steps a part of the convolution that alone reads it: causal convolutions are
 * exported so. x [batch, channels, …spatial]; pads: before every axis, then after every axis
 * @param evaluations for two lengths
 */
export function mergePads(
  operators: readonly OperatorSpec[],
  evaluations: readonly Evaluation[],
): OperatorSpec[] {
  const constant = (name: string): number[] | null => {
    const [first, second] = evaluations.map(({ operand }) => operand(name));
    const same = first!.known && second!.known && first!.values.join() === second!.values.join();
    return same ? Array.from(first!.values) : null;
  };
  const findPad = (name: string): { readonly pad: OperatorSpec; readonly pads: readonly number[] } | null => {
    const pad = operators.find(({ operator, outputs }) => operator === 'Pad' && outputs[0] === name);
    const readers = operators.filter(({ inputs }) => inputs.includes(name));
    if (!pad || readers.length !== 1 || textAttribute(pad, 'mode', 'constant') !== 'constant') return null;
    const [, amounts = '', fill = '', axes = ''] = pad.inputs;
    const pads = amounts === '' ? null : constant(amounts);
    const zero = fill === '' || constant(fill)?.every((value) => value === 0) === true;
    const spatial = pads && pads.slice(0, 2).concat(pads.slice(pads.length / 2, pads.length / 2 + 2));
    return pads && zero && axes === '' && spatial!.every((amount) => amount === 0) ? { pad, pads } : null;
  };
  const merged = new Set<OperatorSpec>();
  const replaced = operators.map((operator) => {
    const own = numberListAttribute(operator, 'pads');
    const found = operator.operator === 'Conv' ? findPad(operator.inputs[0]!) : null;
    if (!found || textAttribute(operator, 'auto_pad', 'NOTSET') !== 'NOTSET') return operator;
    const { pad, pads } = found;
    const rank = pads.length / 2;
    const around = [...pads.slice(2, rank), ...pads.slice(rank + 2)];
    if (around.some((amount) => amount < 0)) return operator;
    merged.add(pad);
    return {
      ...operator,
      inputs: [pad.inputs[0]!, ...operator.inputs.slice(1)],
      attributes: { ...operator.attributes, pads: around.map((amount, i) => amount + (own?.[i] ?? 0)) },
    };
  });
  return replaced.filter((operator) => !merged.has(operator));
}
