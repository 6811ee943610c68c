import { byteLength, concatenate, unsignedLeb, utf8Name, vector, type Chunks } from './leb128.ts';
import { FunctionBuilder, type I32Local } from './function-builder.ts';

// One WebAssembly module: exported functions over one imported memory, "kernel" "memory".
// Every parameter is an i32 (an address, a count or a flag) and nothing is returned.

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const functionType = 0x60;
const i32Type = 0x7f;
const sharedWithMaximum = 0x03;

type Named<P extends readonly string[]> = { readonly [K in P[number]]: I32Local };

export class ModuleBuilder {
  readonly #maximumPages: number;
  readonly #functions = new Map<string, FunctionBuilder>();

  constructor(options: { maximumPages: number }) {
    this.#maximumPages = options.maximumPages;
  }

  /**
   * Adds an exported function unless the module has one of that name: the name says all that the code depends
   * on.
   */
  function<const P extends readonly string[]>(
    name: string,
    parameters: P,
    body: (f: FunctionBuilder, parameter: Named<P>) => void,
  ): string {
    if (this.#functions.has(name)) return name;
    const f = new FunctionBuilder(name, parameters.length);
    this.#functions.set(name, f);
    body(f, Object.fromEntries(parameters.map((key, index) => [key, f.parameters[index]])) as Named<P>);
    return name;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const functions = [...this.#functions.values()];
    const counts = [...new Set(functions.map((f) => f.parameters.length))];
    const types = counts.map((count) => [
      functionType,
      ...unsignedLeb(count),
      ...Array<number>(count).fill(i32Type),
      0,
    ]);
    const memory = [
      ...utf8Name('kernel'),
      ...utf8Name('memory'),
      0x02,
      sharedWithMaximum,
      ...unsignedLeb(1),
      ...unsignedLeb(this.#maximumPages),
    ];
    return concatenate([
      magic,
      ...section(1, [vector(types)]),
      ...section(2, [vector([memory])]),
      ...section(3, [vector(functions.map((f) => unsignedLeb(counts.indexOf(f.parameters.length))))]),
      ...section(7, [
        vector(functions.map((f, index) => [...utf8Name(f.name), 0x00, ...unsignedLeb(index)])),
      ]),
      ...section(10, [unsignedLeb(functions.length), ...functions.flatMap((f) => f.encode())]),
    ]);
  }
}

const section = (id: number, content: Chunks): Chunks => [
  [id, ...unsignedLeb(byteLength(content))],
  ...content,
];
