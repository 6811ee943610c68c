// The syntax tree of the code in a TorchScript archive: the subset of Python that torch.jit.save writes.

export type Expression = { readonly line: number } & (
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'number'; readonly value: number; readonly isFloat: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'constant'; readonly value: boolean | null }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression }
  | {
      readonly kind: 'call';
      readonly callee: Expression;
      readonly args: readonly Expression[];
      readonly keywords: readonly (readonly [string, Expression])[];
    }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
);

export type Statement = { readonly line: number } & (
  | { readonly kind: 'assign'; readonly target: Expression; readonly value: Expression }
  | { readonly kind: 'expression'; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly ifTrue: readonly Statement[];
      readonly ifFalse: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly iterable: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'while'; readonly test: Expression; readonly body: readonly Statement[] }
  | { readonly kind: 'return'; readonly value: Expression }
  | { readonly kind: 'pass' }
);

export interface Parameter {
  readonly name: string;
  /** Null for self without a type. */
  readonly type: Expression | null;
  readonly fallback: Expression | null;
}

export interface FunctionCode {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Path in the archive, for errors. */
  readonly file: string;
  readonly line: number;
}

export interface ClassCode {
  readonly name: string;
  /** Module, NamedTuple, or none. */
  readonly base: string | null;
  /** Annotated attributes in their order: the fields of a NamedTuple. */
  readonly attributes: readonly string[];
  /** Those of type float: the file has 1.0 as 1. */
  readonly floats: ReadonlySet<string>;
  /** Attributes with a constant value. */
  readonly constants: ReadonlyMap<string, Expression>;
  readonly methods: ReadonlyMap<string, FunctionCode>;
}

export interface CodeFile {
  readonly functions: ReadonlyMap<string, FunctionCode>;
  readonly classes: ReadonlyMap<string, ClassCode>;
}

/** The names that statements assign, those of nested blocks included. */
export function assignedNames(statements: readonly Statement[], found = new Set<string>()): Set<string> {
  const addTarget = (target: Expression): void => {
    if (target.kind === 'name') found.add(target.name);
    else if (target.kind === 'tuple') target.items.forEach(addTarget);
  };
  for (const statement of statements)
    if (statement.kind === 'assign') addTarget(statement.target);
    else if (statement.kind === 'if')
      [statement.ifTrue, statement.ifFalse].forEach((block) => assignedNames(block, found));
    else if (statement.kind === 'for') assignedNames(statement.body, found.add(statement.variable));
    else if (statement.kind === 'while') assignedNames(statement.body, found);
  return found;
}
