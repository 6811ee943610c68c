import { UnrollError } from '../../../errors.ts';
import type { Archive } from '../archive.ts';
import type { Expression, FunctionCode, Statement } from '../code/syntax.ts';
import type { Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import type { PickleValue, TensorRef } from '../../pytorch/pickle-values.ts';
import { invalidModel } from '../../format-errors.ts';
import type { List, Tensor, Value } from '../values.ts';

// One interpretation of an archive's code. Nothing of the file is executed: statements add operators to a graph.

export interface Run {
  readonly archive: Archive;
  readonly graph: Graph;
  /** The batch axes of the recurrent operators. */
  readonly batches: Dimension[];
  /** Tensors of the file that were read, which the module may use several times. */
  readonly tensors: Map<TensorRef, Tensor>;
  /** Loops over an unknown number of steps around the statement, the innermost last. */
  readonly loops: LoopFrame[];
  steps: number;
  calls: number;
  evaluate(expression: Expression, frame: Frame): Value;
  /** @returns what is returned; undefined where the statements end without */
  execute(statements: readonly Statement[], frame: Frame): Value | undefined;
  callFunction(code: FunctionCode, args: readonly Value[], keywords: ReadonlyMap<string, Value>): Value;
  /** The value of something in the file. @param name for errors */
  fromPickle(value: PickleValue, name: string): Value;
}

/** A function that is interpreted. */
export interface Frame {
  readonly code: FunctionCode;
  readonly variables: Map<string, Value>;
}

export interface LoopFrame {
  /** Tensors from before the loop. */
  readonly outer: ReadonlySet<Tensor>;
  /** Those that its body writes to, and lists whose items it sets. */
  readonly written: ReadonlySet<Tensor | List>;
  /** What one iteration appends to lists from before the loop. */
  readonly appended: Map<List, Tensor>;
  /** How often its body names lists from before the loop: what is appended to may not be read. */
  readonly mentions: Map<List, number>;
  /** What stands for a carried tensor in the body, with the tensor from before. */
  readonly inner: Map<Tensor, Tensor>;
}

/** Statements and expressions of one interpretation: loops over a known count are repeated. */
const maxSteps = 2_000_000;
const maxCalls = 100;

/** @throws UnrollError invalid_model past the limit */
export function countStep(run: Run): void {
  if (++run.steps > maxSteps) invalidModel(`the code takes more than ${maxSteps} steps`);
}

/** Runs a function of the code inside others. @throws UnrollError invalid_model when calls are nested too deep */
export function inCall<T>(run: Run, body: () => T): T {
  if (++run.calls > maxCalls) invalidModel(`calls are nested more than ${maxCalls} deep`);
  const result = body();
  run.calls--;
  return result;
}

/** Code that may be right, but is not supported: it does not contradict what is tried of the inputs. */
export class UnsupportedCode extends UnrollError {}

/** @throws UnsupportedCode */
export function unsupported(what: string): never {
  throw new UnsupportedCode('invalid_model', `${what} is not supported`);
}

const located = new WeakSet<UnrollError>();

/** Adds the place in the code to an error that has none yet. */
export function atLine<T>({ file }: FunctionCode, line: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof UnrollError) || located.has(error)) throw error;
    const placed = new (error instanceof UnsupportedCode ? UnsupportedCode : UnrollError)(
      error.code,
      `${file}, line ${line}: ${error.message}`,
      { cause: error },
    );
    located.add(placed);
    throw placed;
  }
}
