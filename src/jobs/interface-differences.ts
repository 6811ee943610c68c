import type { ModelSpec } from '../network/spec.ts';

/**
 * How a model differs from another for those who call it: in its task, its labels or other outputs, or its inputs. A
 * vocabulary may differ, since callers send texts.
 * @returns phrases that name what differs; empty where callers see no difference
 */
export function findInterfaceDifferences(current: ModelSpec, next: ModelSpec): string[] {
  if (current.task !== next.task) return [`task: ${next.task}, was ${current.task}`];
  const differences: string[] = [];
  const compare = (name: string, before: unknown, after: unknown): void => {
    const [a, b] = [JSON.stringify(before) ?? 'none', JSON.stringify(after) ?? 'none'];
    if (a !== b) differences.push(`${name}: ${shorten(b)}, was ${shorten(a)}`);
  };
  compare('inputs.kind', current.inputs.kind, next.inputs.kind);
  compare('inputs.vocabulary', toText(current)?.vocabulary, toText(next)?.vocabulary);
  compare('inputs.length', toText(current)?.length, toText(next)?.length);
  compare('inputs.features', featureNames(current), featureNames(next));
  compare('outputs.labels', current.outputs.labels, next.outputs.labels);
  compare('outputs.multiLabel', current.outputs.multiLabel, next.outputs.multiLabel);
  compare('outputs.vocabulary', current.outputs.vocabulary?.vocabulary, next.outputs.vocabulary?.vocabulary);
  compare('outputs.units', unitNames(current), unitNames(next));
  return differences;
}

const toText = ({ inputs }: ModelSpec) => (inputs.kind === 'text' ? inputs : undefined);
const featureNames = ({ inputs }: ModelSpec) =>
  inputs.kind === 'numeric' ? inputs.features.map(({ name }) => name) : undefined;
const unitNames = ({ outputs }: ModelSpec) => outputs.units?.map(({ name }) => name);

const maxLength = 120;
const shorten = (text: string): string => (text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
