import { zipSync } from 'fflate';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const text = (value: string): string => `X${String.fromCharCode(value.length, 0, 0, 0)}${value}`;

/** An attribute of the module: a float tensor, an int below 256, a bool, or None. */
type Attribute =
  { readonly shape: readonly number[]; readonly values: readonly number[] } | number | boolean | null;

/**
 * An archive as torch.jit.save writes it, of one module.
 * @param code of the class Model
 */
export function makeArchive(code: string, attributes: Readonly<Record<string, Attribute>> = {}): Uint8Array {
  const storages: Record<string, Uint8Array> = {};
  const pickled = (value: Attribute): string => {
    if (value === null) return 'N';
    if (typeof value === 'boolean') return value ? '\x88' : '\x89';
    if (typeof value === 'number') return `K${String.fromCharCode(value)}`;
    const key = String(Object.keys(storages).length);
    storages[`model/data/${key}`] = new Uint8Array(Float32Array.from(value.values).buffer);
    const counts = (list: readonly number[]): string =>
      `(${list.map((one) => `K${String.fromCharCode(one)}`).join('')}t`;
    const strides = value.shape.map((_, i) => value.shape.slice(i + 1).reduce((a, b) => a * b, 1));
    const storage = `(${text('storage')}ctorch\nFloatStorage\n${text(key)}${text('cpu')}K${String.fromCharCode(value.values.length)}tQ`;
    return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\x00${counts(value.shape)}${counts(strides)}\x89}tR`;
  };
  const items = Object.entries({ training: false, ...attributes }).map(
    ([name, value]) => text(name) + pickled(value),
  );
  return zipSync({
    'model/data.pkl': ascii(`\x80\x02c__torch__\nModel\n)\x81}(${items.join('')}ub.`),
    'model/constants.pkl': ascii('\x80\x02).'),
    'model/code/__torch__.py': ascii(code),
    ...storages,
  });
}

/** An archive whose forward has the parameters and the statements given. */
export const makeForward = (
  parameters: string,
  body: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
): Uint8Array =>
  makeArchive(
    `class Model(Module):\n  def forward(self: __torch__.Model,\n    ${parameters}) -> Tensor:\n${body.map((line) => `    ${line}\n`).join('')}`,
    attributes,
  );
