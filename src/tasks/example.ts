import type { ServedModel } from '../repository/repository-interface.ts';
import { chooseLength } from './choose-length.ts';
import { makeFeatures } from './make-example-features.ts';
import { makeText } from './make-example-text.ts';

/** A body of a model's task. */
export type ExampleBody = Readonly<Record<string, unknown>>;

/** Of a text that is made up: enough to see that the model goes on. */
const madeTokens = 20;

/** The example of the model's `model.json`, or one that is made of its inputs; null where none can be made. */
export function findExample(model: Pick<ServedModel, 'spec' | 'vocabulary' | 'network'>): ExampleBody | null {
  const { example, task } = model.spec;
  if (example) return example;
  const input = makeInput(model);
  if (task !== 'generate') return input === null ? null : { input };
  // a prompt is a text
  if (typeof input === 'string') return { prompt: input, max_tokens: madeTokens };
  return model.vocabulary?.startId === undefined ? null : { max_tokens: madeTokens };
}

function makeInput({ spec, vocabulary, network }: Pick<ServedModel, 'spec' | 'vocabulary' | 'network'>) {
  const steps = chooseLength(network, spec.inputs.kind === 'text' ? 6 : 3);
  if (steps === null) return null;
  return spec.inputs.kind === 'text'
    ? makeText(vocabulary!, steps, spec.padding)
    : makeFeatures(spec.inputs, steps);
}
