import { asConfig, asList, type Config } from './keras-config.ts';
import type { LayerCall, TensorSource } from './keras-layer.ts';

// Parses the inbound nodes of a layer. Keras 3 has the tensors among positional and keyword arguments, each with
// a history [name, node, tensor]; Keras 1 and 2 as [name, node, tensor, keyword arguments], in which a tensor is
// [name, node, tensor].

const maxDepth = 8;

/** Parses one call of a layer. */
export function parseNode(node: unknown): LayerCall {
  const { args, kwargs } = asConfig(node);
  return args === undefined ? parseKeras2Node(node) : parseKeras3Node(args, asConfig(kwargs));
}

function parseKeras3Node(args: unknown, kwargs: Config): LayerCall {
  const inputs: TensorSource[] = [];
  const options: Record<string, unknown> = { args };
  const collect = (value: unknown, depth: number, argument?: string): void => {
    if (depth > maxDepth) return;
    const history = asConfig(asConfig(asConfig(value)['config']))['keras_history'];
    if (Array.isArray(history)) inputs.push(parseSource(history, argument));
    else if (Array.isArray(value)) value.forEach((one) => collect(one, depth + 1, argument));
    else if (asConfig(value) === value)
      Object.values(asConfig(value)).forEach((one) => collect(one, depth + 1, argument));
  };
  collect(args, 0);
  for (const [argument, value] of Object.entries(kwargs)) {
    const before = inputs.length;
    collect(value, 0, argument);
    if (inputs.length === before) options[argument] = value;
  }
  return { inputs, options };
}

function parseKeras2Node(node: unknown): LayerCall {
  const list = typeof asList(node)[0] === 'string' ? [node] : asList(node);
  const keywords = list.flatMap((input) => Object.entries(asConfig(asList(input)[3])));
  const tensors = keywords.flatMap(([argument, value]) =>
    (typeof asList(value)[0] === 'string' ? [value] : asList(value)).flatMap((tensor) =>
      isHistory(tensor) ? [parseSource(tensor, argument)] : [],
    ),
  );
  const named = new Set(tensors.map(({ argument }) => argument));
  return {
    inputs: [...parseHistories(list), ...tensors],
    options: Object.fromEntries(keywords.filter(([argument]) => !named.has(argument))),
  };
}

function isHistory(value: unknown): value is readonly unknown[] {
  const [name, ...place] = asList(value);
  return typeof name === 'string' && place.length === 2 && place.every(Number.isInteger);
}

/** Parses [name, node, tensor], or a list or an object of them. */
export function parseHistories(value: unknown): TensorSource[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : Object.values(asConfig(value));
  if (typeof list[0] === 'string') return [parseSource(list)];
  return list.flatMap((one) => (typeof asList(one)[0] === 'string' ? [parseSource(asList(one))] : []));
}

/** Parses [name, node, tensor, …]; a missing index is 0. */
const parseSource = ([name, call, tensor]: readonly unknown[], argument?: string): TensorSource => ({
  layer: String(name),
  call: toIndex(call),
  tensor: toIndex(tensor),
  ...(argument !== undefined && { argument }),
});
const toIndex = (value: unknown): number => (Number.isSafeInteger(value) ? (value as number) : 0);
