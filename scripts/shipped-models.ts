import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toExampleModel, type ExampleModel } from '../src/http/openapi-examples.ts';
import { modelSpec } from '../src/network/spec.ts';
import { createVocabulary } from '../src/vocabulary/vocabulary.ts';

const models = join(import.meta.dirname, '../models');
const examples = join(import.meta.dirname, '../examples');

/** The shipped models' examples, read without their weights. */
export function readShippedModels(): ExampleModel[] {
  // those that an example trains: others may stand beside them
  const names = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'example.ts')));
  return names.sort().map((name) => {
    const spec = modelSpec.parse(JSON.parse(readFileSync(join(models, name, '1/model.json'), 'utf8')));
    const vocabulary = spec.inputs.kind === 'text' ? createVocabulary(spec.inputs) : null;
    const causal = !spec.network.layers.some((layer) => layer.type === 'recurrent' && layer.bidirectional);
    const network = { info: { outputWidth: 1, causal }, checkLength: null };
    return toExampleModel({
      name,
      version: 1,
      spec,
      vocabulary,
      network,
      graph: null,
      signature: null,
      lookups: [],
    } as never);
  });
}
