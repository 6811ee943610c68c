import { UnrollError } from '../errors.ts';
import { graphSettings, type GraphSettings } from '../formats/onnx/graph-settings.ts';

/** Command line options for an ONNX graph, which correspond to `graph` in a model.json. */
export interface GraphOptions {
  /** NAME=NUMBER or NAME=NUMBER,NUMBER … */
  readonly set?: readonly string[] | undefined;
  /** NAME=SIZE,SIZE … */
  readonly shape?: readonly string[] | undefined;
  /** INPUT=OUTPUT */
  readonly state?: readonly string[] | undefined;
  readonly context?: string | undefined;
}

/**
 * Parses the options.
 * @returns undefined if none is given @throws UnrollError invalid_request, naming the option
 */
export function parseGraphOptions({
  set = [],
  shape = [],
  state,
  context,
}: GraphOptions): GraphSettings | undefined {
  if (set.length === 0 && shape.length === 0 && state === undefined && context === undefined)
    return undefined;
  const parsed = graphSettings.safeParse({
    set: Object.fromEntries(
      set.map((one) => {
        const [name, numbers] = splitPair('--set', one);
        const list = numbers.split(',').map(Number);
        return [name, list.length === 1 ? list[0] : list];
      }),
    ),
    shapes: Object.fromEntries(
      shape.map((one) => {
        const [name, sizes] = splitPair('--shape', one);
        return [name, sizes.split(',').map(Number)];
      }),
    ),
    ...(state && { states: Object.fromEntries(state.map((one) => splitPair('--state', one))) }),
    ...(context !== undefined && { context: Number(context) }),
  });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const options: Readonly<Record<string, string>> = { set: '--set', shapes: '--shape', states: '--state' };
  const option = options[String(path[0])] ?? '--context';
  throw new UnrollError('invalid_request', `${[option, ...path.slice(1, 2)].join(' ')}: ${message}`);
}

function splitPair(option: string, text: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new UnrollError('invalid_request', `${option}: must be NAME=VALUE, was ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
