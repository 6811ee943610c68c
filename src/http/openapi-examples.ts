import type { OpenAPIV3_1 } from 'openapi-types';
import { makeTensors, type ExampleTensor } from '../open-inference/example-tensors.ts';
import type { AnyModel, Repository } from '../repository/repository-interface.ts';
import { findExample, type ExampleBody } from '../tasks/example.ts';

// Examples of requests that models answer, in the document of the API: what its page sends by default works.

/** A model, as far as examples of requests need it. */
export interface ExampleModel {
  readonly name: string;
  readonly version: number;
  readonly task: string | null;
  /** A body of its task; null where it has none. */
  readonly body: ExampleBody | null;
  /** Null where its tensors are too large to show. */
  readonly tensors: readonly ExampleTensor[] | null;
  /** Whether a session can keep its state. */
  readonly causal: boolean;
}

/** Those that have been made: a page of documentation may be opened often. */
const made = new WeakMap<AnyModel, ExampleModel>();

export function toExampleModel(model: AnyModel): ExampleModel {
  const known = made.get(model);
  if (known) return known;
  const example = makeExampleModel(model);
  made.set(model, example);
  return example;
}

const makeExampleModel = (model: AnyModel): ExampleModel => ({
  name: model.name,
  version: model.version,
  task: model.spec?.task ?? null,
  body: model.spec && findExample(model),
  tensors: makeTensors(model),
  causal: model.spec !== null && model.network.info.causal,
});

/** The models that can be called: each name once, the version that the name refers to. */
export function listExampleModels(repository: Pick<Repository, 'list'>): ExampleModel[] {
  const served = repository.list().flatMap(({ ready, served: model }) => (ready && model ? [model] : []));
  const named = [...Map.groupBy(served, ({ name }) => name).values()];
  return named.slice(0, maxListed).map(([first]) => toExampleModel(first!));
}
const maxListed = 100;

/** More of them are no help in a list to choose from. */
const maxModels = 8;

/** The body of an operation for a model; null where the model does not fit the operation. */
type ToBody = (model: ExampleModel) => object | null;

const ofTask =
  (task: string, extend: (body: ExampleBody, model: ExampleModel) => object = (body) => body): ToBody =>
  (model) =>
    model.task === task && model.body ? extend(model.body, model) : null;
const inputOf = ({ task, body }: ExampleModel): { input: unknown } | null =>
  body && task !== 'decode' ? { input: task === 'generate' ? body['prompt'] : body['input'] } : null;
const toTensors: ToBody = ({ tensors }) => tensors && { inputs: tensors };

const bodies: Readonly<Record<string, ToBody>> = {
  classify: ofTask('classify'),
  tag: ofTask('tag'),
  decode: ofTask('decode'),
  generate: ofTask('generate'),
  predict: ofTask('predict'),
  embed: inputOf,
  infer: toTensors,
  inferVersion: toTensors,
  createSession: ({ name, causal }) => (causal ? { model: name } : null),
  createCompletion: ofTask('generate', ({ prompt, max_tokens, temperature, seed }, { name }) => ({
    model: name,
    prompt,
    max_tokens,
    temperature,
    seed,
  })),
  createEmbedding: (model) => {
    const input = inputOf(model);
    return input && { model: model.name, ...input };
  },
};

/** Operations that take a model with a state between steps. */
const causalOnly = new Set(['streamModel', 'connectModel']);

/** Adds requests that the models answer to their operations. The document is not changed, but shared where it can be. */
export function withExamples(
  document: OpenAPIV3_1.Document,
  models: readonly ExampleModel[],
): OpenAPIV3_1.Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item ?? {}).map(([method, operation]) => [
        method,
        addExamples(operation as OpenAPIV3_1.OperationObject, models),
      ]),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) as OpenAPIV3_1.PathsObject };
}

function addExamples(
  operation: OpenAPIV3_1.OperationObject,
  models: readonly ExampleModel[],
): OpenAPIV3_1.OperationObject {
  const { operationId = '', parameters, requestBody } = operation;
  const toBody = bodies[operationId];
  const fitting = models
    .filter((model) => (toBody ? toBody(model) : model.causal || !causalOnly.has(operationId)))
    .slice(0, maxModels);
  const [first] = fitting;
  if (!first) return operation;
  const examples: Readonly<Record<string, string>> = { model: first.name, version: String(first.version) };
  const withModel = (parameters as OpenAPIV3_1.ParameterObject[] | undefined)?.map((parameter) =>
    parameter.in === 'path' && Object.hasOwn(examples, parameter.name)
      ? { ...parameter, example: examples[parameter.name] }
      : parameter,
  );
  // a media type has one example or several
  const { 'application/json': plain, ...others } =
    (requestBody as OpenAPIV3_1.RequestBodyObject | undefined)?.content ?? {};
  const { example: _, ...json } = plain ?? {};
  return {
    ...operation,
    ...(withModel && { parameters: withModel }),
    ...(toBody &&
      requestBody && {
        requestBody: {
          ...(requestBody as OpenAPIV3_1.RequestBodyObject),
          content: {
            'application/json': {
              ...json,
              examples: Object.fromEntries(fitting.map((model) => [model.name, { value: toBody(model) }])),
            },
            ...others,
          },
        },
      }),
  };
}
