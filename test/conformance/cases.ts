import {
  countElements,
  expect,
  readExtensions,
  isError,
  isTensors,
  type Case,
  type Tensor,
} from './asked.ts';
import { asBinary, binary, encodeElements } from './binary.ts';

// The Open Inference Protocol (https://github.com/kserve/open-inference-protocol), REST, asked of any server from outside: each case is a
// sentence of the specification and a look at what comes back. Requests follow the model's metadata.

export const cases: readonly Case[] = [
  {
    says: 'GET /v2/health/live is 200 while the server runs',
    run: async ({ get }) => expect((await get('/v2/health/live')).status === 200, 'must be 200'),
  },
  {
    says: 'GET /v2/health/ready is 200 when all models can answer',
    run: async ({ get }) => expect((await get('/v2/health/ready')).status === 200, 'must be 200'),
  },
  {
    says: 'GET /v2 returns name, version and extensions',
    async run({ get }) {
      const { name, version, extensions } = (await get('/v2')).json();
      expect(typeof name === 'string' && typeof version === 'string', 'name and version must be texts');
      expect(Array.isArray(extensions), 'extensions must be a list');
    },
  },
  {
    says: 'GET of a model returns its name, platform, inputs and outputs',
    async run({ get, path }) {
      const { name, platform, inputs, outputs } = (await get(path)).json();
      expect(typeof name === 'string' && typeof platform === 'string', 'name and platform must be texts');
      isTensors(inputs, 'inputs');
      isTensors(outputs, 'outputs');
    },
  },
  {
    says: 'GET of a version of a model returns the same',
    async run({ get, path, metadata }) {
      const version = metadata.versions?.[0];
      if (version === undefined) return;
      const reply = await get(`${path}/versions/${version}`);
      expect(reply.status === 200 && reply.json()['name'] === metadata.name, 'must name the same model');
    },
  },
  {
    says: 'GET …/ready of a model that can answer is 200',
    run: async ({ get, path }) => expect((await get(`${path}/ready`)).status === 200, 'must be 200'),
  },
  {
    says: 'a model that is not there is an error',
    run: async ({ get }) => isError(await get('/v2/models/no-such-model'), 400, 499),
  },
  {
    says: 'a version that is not there is an error',
    run: async ({ get, path }) => isError(await get(`${path}/versions/987654`), 400, 499),
  },
  {
    says: 'inference by a model that is not there is an error',
    run: async ({ post, request }) =>
      isError(await post('/v2/models/no-such-model/infer', request()), 400, 499),
  },
  {
    says: 'inference gives the model’s name and its outputs, as many elements as their shapes say',
    async run({ post, path, metadata, request }) {
      const reply = await post(`${path}/infer`, request());
      expect(reply.status === 200, `status ${reply.status}: ${reply.bytes.toString().slice(0, 200)}`);
      const { model_name: name, outputs } = reply.json();
      expect(name === metadata.name, `model_name must be ${metadata.name}`);
      isTensors(outputs, 'outputs');
      for (const { name: output, shape, data } of outputs as {
        name: string;
        shape: number[];
        data: unknown[];
      }[])
        expect(
          data.flat(8).length === countElements(shape),
          `${output}: [${shape.join()}] and ${data.flat(8).length} elements`,
        );
    },
  },
  {
    says: 'every output is one of the metadata’s, with its datatype and a shape that fits',
    async run({ answer, metadata }) {
      for (const { name, datatype, shape } of answer) {
        const known = metadata.outputs.find((one) => one.name === name);
        expect(known !== undefined, `${name} is not in the metadata`);
        expect(known.datatype === datatype, `${name} is ${datatype}, the metadata says ${known.datatype}`);
        const fits =
          known.shape.length === shape.length &&
          known.shape.every((size, i) => size < 0 || size === shape[i]);
        expect(fits, `${name} is [${shape.join()}], the metadata says [${known.shape.join()}]`);
      }
    },
  },
  {
    says: 'the id of a request comes back',
    async run({ post, path, request }) {
      const { id } = (await post(`${path}/infer`, request(undefined, { id: 'conformance-7' }))).json();
      expect(id === 'conformance-7', `was ${String(id)}`);
    },
  },
  {
    says: 'only the outputs asked for come back',
    async run({ post, path, metadata, request }) {
      const { name } = metadata.outputs.at(-1)!;
      const { outputs } = (await post(`${path}/infer`, request(undefined, { outputs: [{ name }] }))).json();
      expect((outputs as Tensor[]).map((one) => one.name).join() === name, `must be ${name} alone`);
    },
  },
  {
    says: 'data may be nested as the shape is',
    async run({ post, path, request, answer }) {
      const nested = request((input) => {
        const shape = input['shape'] as number[];
        let data = input['data'] as unknown[];
        for (let axis = shape.length - 1; axis > 0; axis--) {
          const size = shape[axis]!;
          data = Array.from({ length: data.length / size }, (_, i) => data.slice(i * size, (i + 1) * size));
        }
        input['data'] = data;
      });
      const { outputs } = (await post(`${path}/infer`, nested)).json();
      expect(JSON.stringify(outputs) === JSON.stringify(answer), 'must answer as to flat data');
    },
  },
  {
    says: 'the same request has the same answer',
    async run({ post, path, request, answer }) {
      const { outputs } = (await post(`${path}/infer`, request())).json();
      expect(JSON.stringify(outputs) === JSON.stringify(answer), 'it answered otherwise');
    },
  },
  ...(
    [
      ['an input of another name', (input) => (input['name'] = 'no-such-input')],
      ['a datatype that is none', (input) => (input['datatype'] = 'FP17')],
      [
        'a datatype that the input has not',
        (input) => (input['datatype'] = input['datatype'] === 'BYTES' ? 'FP32' : 'BYTES'),
      ],
      // one more of 1 is what some clients send for texts
      [
        'a shape with two dimensions more',
        (input) => (input['shape'] = [...(input['shape'] as number[]), 1, 1]),
      ],
      ['a negative dimension', (input) => (input['shape'] = [-1])],
      ['an element too few', (input) => (input['data'] = (input['data'] as unknown[]).slice(1))],
      ['no data', (input) => delete input['data']],
      ['no shape', (input) => delete input['shape']],
      ['elements of another type', (input) => (input['data'] = (input['data'] as unknown[]).map(() => ({})))],
    ] as [string, (input: Record<string, unknown>) => void][]
  ).map(([what, change]): Case => ({
    says: `${what} is an error of the caller's`,
    run: async ({ post, path, request }) =>
      isError(
        await post(
          `${path}/infer`,
          request((input, i) => void (i === 0 && change(input))),
        ),
        400,
        499,
      ),
  })),
  {
    says: 'no inputs are an error of the caller’s',
    run: async ({ post, path }) => isError(await post(`${path}/infer`, { inputs: [] }), 400, 499),
  },
  {
    says: 'an output of another name is an error of the caller’s',
    run: async ({ post, path, request }) =>
      isError(
        await post(`${path}/infer`, request(undefined, { outputs: [{ name: 'no-such-output' }] })),
        400,
        499,
      ),
  },
  {
    says: 'what is no JSON is an error of the caller’s',
    run: async ({ post, path }) => isError(await post(`${path}/infer`, '{"inputs": ['), 400, 499),
  },
  {
    says: 'binary_tensor_data: inputs as bytes have the answer of inputs as JSON',
    async run(asked) {
      if (!(await readExtensions(asked)).includes('binary_tensor_data')) return;
      const { post, path, request, answer } = asked;
      const { bytes, length } = binary(request());
      const { outputs } = (await post(`${path}/infer`, bytes, asBinary({ length }))).json();
      expect(JSON.stringify(outputs) === JSON.stringify(answer), 'it answered otherwise');
    },
  },
  {
    says: 'binary_tensor_data: outputs come as bytes where they are asked for, as many as they say',
    async run(asked) {
      if (!(await readExtensions(asked)).includes('binary_tensor_data')) return;
      const { post, path, request, answer } = asked;
      const reply = await post(
        `${path}/infer`,
        request(undefined, { parameters: { binary_data_output: true } }),
      );
      const length = Number(reply.headers.get('inference-header-content-length'));
      expect(
        length > 0 && length <= reply.bytes.length,
        'the header Inference-Header-Content-Length must be the JSON’s length in bytes',
      );
      const { outputs } = JSON.parse(reply.bytes.toString('utf8', 0, length)) as {
        outputs: (Tensor & { parameters: { binary_data_size: number } })[];
      };
      let at = length;
      for (const { name, datatype, parameters } of outputs) {
        const { data } = answer.find((one) => one.name === name)!;
        const bytes = reply.bytes.subarray(at, (at += parameters.binary_data_size));
        expect(bytes.equals(encodeElements(datatype, data)), `${name}: other bytes than its JSON has`);
      }
      expect(at === reply.bytes.length, `${reply.bytes.length - at} bytes are of no output`);
    },
  },
  {
    says: 'binary_tensor_data: sizes that do not add up are an error of the caller’s',
    async run(asked) {
      if (!(await readExtensions(asked)).includes('binary_tensor_data')) return;
      const { post, path, request } = asked;
      const { bytes, length } = binary(request());
      isError(await post(`${path}/infer`, bytes.subarray(0, -1), asBinary({ length })), 400, 499);
      isError(
        await post(`${path}/infer`, Buffer.concat([bytes, Buffer.alloc(3)]), asBinary({ length })),
        400,
        499,
      );
      isError(await post(`${path}/infer`, bytes, asBinary({ length: bytes.length + 1 })), 400, 499);
    },
  },
];
