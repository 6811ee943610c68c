// A JSON schema of the API's document as a TypeScript type.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly description?: string;
}

export interface TypeOptions {
  /** Whether an optional field may be given as undefined, as a caller may, and JSON leaves it out. */
  readonly takesUndefined?: boolean;
}

/** Converts a schema. @throws TypeError for one that has no type here, so that nothing becomes `unknown` unseen */
export function toType(schema: Schema, options: TypeOptions = {}): string {
  const { $ref, anyOf, oneOf, allOf, type } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return join(schema.enum.map((value) => JSON.stringify(value)), '|'); // prettier-ignore
  const union = anyOf ?? oneOf;
  if (union) return join(union.map((one) => toType(one, options)), '|'); // prettier-ignore
  if (allOf) return join(allOf.map((one) => toType(one, options)), '&'); // prettier-ignore
  if (type === undefined) return 'unknown';
  const types = typeof type === 'string' ? [type] : type;
  return join(types.map((name) => toNamedType(name, schema, options)), '|'); // prettier-ignore
}

function toNamedType(name: string, schema: Schema, options: TypeOptions): string {
  if (name === 'string' || name === 'boolean' || name === 'null') return name;
  if (name === 'number' || name === 'integer') return 'number';
  if (name === 'array') return `(${toType(schema.items ?? {}, options)})[]`;
  if (name === 'object') return toObjectType(schema, options);
  throw new TypeError(`type: ${name} is none of JSON's`);
}

function toObjectType(schema: Schema, options: TypeOptions): string {
  const { properties = {}, required = [], additionalProperties: more } = schema;
  const fields = Object.entries(properties).map(([name, field]) => {
    const isRequired = required.includes(name);
    const type = toType(field, options);
    const undefinedToo = !isRequired && options.takesUndefined && type !== 'unknown' ? ' | undefined' : '';
    return `${toComment(field.description)}${JSON.stringify(name)}${isRequired ? '' : '?'}: ${type}${undefinedToo};`;
  });
  if (fields.length === 0)
    return more === false
      ? 'Record<string, never>'
      : `Record<string, ${typeof more === 'object' ? toType(more, options) : 'unknown'}>`;
  // named fields must have the type of the others
  if (more !== undefined && more !== false) fields.push('[key: string]: unknown;');
  return `{\n${fields.join('\n')}\n}`;
}

/** A doc comment before a declaration; nothing without a description. */
export function toComment(description: string | undefined): string {
  if (description === undefined) return '';
  const lines = description.replaceAll('*/', '*\\/').split('\n');
  return lines.length === 1
    ? `/** ${lines[0]!} */\n`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

const join = (types: readonly string[], operator: '|' | '&'): string => {
  const different = [...new Set(types)];
  return different.length === 1 ? different[0]! : `(${different.join(` ${operator} `)})`;
};
