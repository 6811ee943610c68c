import { flattenStructure } from './flatten-structure.ts';
import { asConfig, asList, type Config } from './keras-config.ts';
import type { LayerCall, TensorSource } from './keras-layer.ts';

// Parses the inbound nodes of a layer. Keras 3 has the tensors among positional and keyword arguments, each with
// a history [name, node, tensor]; Keras 1 and 2 as [name, node, tensor, keyword arguments], in which a tensor is
// [name, node, tensor].

/** Parses one call of a layer. */
export function parseNode(node: unknown): LayerCall {
  const { args, kwargs } = asConfig(node);
  return args === undefined ? parseKeras2Node(node) : parseKeras3Node(args, asConfig(kwargs));
}

function parseKeras3Node(args: unknown, kwargs: Config): LayerCall {
  const options: Record<string, unknown> = { args };
  const list = (value: unknown, argument?: string): TensorSource[] =>
    flattenStructure(value, (one) => Array.isArray(getHistory(one))).map((leaf) =>
      parseSource(asList(getHistory(leaf.value)), { key: leaf.key, argument }),
    );
  const inputs = asList(args).flatMap((value) => list(value));
  for (const [argument, value] of Object.entries(kwargs)) {
    const named = list(value, argument);
    inputs.push(...named);
    if (named.length === 0) options[argument] = value;
  }
  return { inputs, options };
}
const getHistory = (value: unknown): unknown => asConfig(asConfig(value)['config'])['keras_history'];

function parseKeras2Node(node: unknown): LayerCall {
  const keywords = flattenStructure(node, isNamed).flatMap(({ value }) =>
    Object.entries(asConfig(asList(value)[3])),
  );
  const tensors = keywords.flatMap(([argument, value]) =>
    (isNamed(value) ? [value] : asList(value)).flatMap((tensor) =>
      isHistory(tensor) ? [parseSource(tensor, { argument })] : [],
    ),
  );
  const named = new Set(tensors.map(({ argument }) => argument));
  return {
    inputs: [...parseHistories(node), ...tensors],
    options: Object.fromEntries(keywords.filter(([argument]) => !named.has(argument))),
  };
}

const isNamed = (value: unknown): boolean => typeof asList(value)[0] === 'string';

function isHistory(value: unknown): value is readonly unknown[] {
  const [name, ...place] = asList(value);
  return typeof name === 'string' && place.length === 2 && place.every(Number.isInteger);
}

/** Parses [name, node, tensor], or lists and dicts of them. */
export const parseHistories = (value: unknown): TensorSource[] =>
  flattenStructure(value, isNamed).map((leaf) => parseSource(asList(leaf.value), { key: leaf.key }));

/** Parses [name, node, tensor, …]; a missing index is 0. */
const parseSource = (
  [name, call, tensor]: readonly unknown[],
  { key, argument }: { readonly key?: string | undefined; readonly argument?: string | undefined },
): TensorSource => ({
  layer: String(name),
  call: toIndex(call),
  tensor: toIndex(tensor),
  ...(key !== undefined && { key }),
  ...(argument !== undefined && { argument }),
});
const toIndex = (value: unknown): number => (Number.isSafeInteger(value) ? (value as number) : 0);
