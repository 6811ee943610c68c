import { invalidModel, quote } from '../../format-errors.ts';
import { asConfig, asList } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// x[:, -1, 2:] in a functional model of Keras 3: an index or a slice per axis, the batch as it is.

type Item = { readonly at: number } | { readonly from: number; readonly to: number; readonly by: number };
const end = 2 ** 31 - 1;

function parseItem(value: unknown): Item {
  if (Number.isSafeInteger(value)) return { at: value as number };
  const { class_name: kind, config } = asConfig(value);
  const { start, stop, step } = asConfig(config);
  const [from, to, by] = [start ?? 0, stop ?? end, step ?? 1];
  if (kind !== '__slice__' || ![from, to, by].every(Number.isSafeInteger) || (by as number) < 1)
    return invalidModel(`the index ${quote(value)} is not supported`);
  return { from: from as number, to: to as number, by: by as number };
}

const whole = { class_name: '__slice__', config: {} };
const isEllipsis = (value: unknown): boolean => asConfig(value)['class_name'] === '__ellipsis__';

/** An item per axis, the batch among them. */
function listItems(given: unknown, rank: number): Item[] {
  const listed: unknown[] = Array.isArray(given) ? given : [given];
  const at = listed.findIndex(isEllipsis);
  const missing = Math.max(0, rank - listed.length + (at < 0 ? 0 : 1));
  const rest = Array.from({ length: missing }, () => whole);
  const items = at < 0 ? [...listed, ...rest] : [...listed.slice(0, at), ...rest, ...listed.slice(at + 1)];
  if (items.length !== rank) invalidModel(`the index ${quote(given)} for ${rank} axes`);
  return items.map(parseItem);
}

/** The numbers of a slice. @param size null where it is the number of steps */
function countSlice({ from, to, by }: Exclude<Item, { at: number }>, size: number | null): number | null {
  if (size === null)
    return from === 0 && to === end && by === 1 ? null : from === -1 && to === end ? 1 : null;
  const clamp = (place: number): number => Math.min(size, Math.max(0, place < 0 ? place + size : place));
  return Math.max(0, Math.ceil((clamp(to) - clamp(from)) / by));
}

export function getItem({ options }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const [batch, ...items] = listItems(asList(asConfig(options)['args'])[1], x.shape.length + 1);
  if (!batch || 'at' in batch || batch.from !== 0 || batch.to !== end || batch.by !== 1)
    return invalidModel('its index is not of whole batches');
  const slices = items.flatMap((item, axis) =>
    'at' in item || (item.from === 0 && item.to === end && item.by === 1)
      ? []
      : [{ ...item, axis: axis + 1 }],
  );
  const numbers = (key: 'from' | 'to' | 'axis' | 'by'): string =>
    graph.numbers(slices.map((one) => one[key]));
  let value =
    slices.length === 0
      ? x.value
      : graph.add('Slice', [x.value, numbers('from'), numbers('to'), numbers('axis'), numbers('by')]);
  // from the last axis, so that the others keep their places
  for (const [axis, item] of [...items.entries()].toReversed())
    if ('at' in item) value = graph.add('Gather', [value, graph.wholeNumber(item.at)], { axis: axis + 1 });
  const shape = items.flatMap((item, axis) => ('at' in item ? [] : [countSlice(item, x.shape[axis]!)]));
  if (shape.includes(0)) invalidModel(`nothing of ${formatShape(x.shape)} is left`);
  return { value, shape };
}
