import { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import type { AnyModel, ModelListing } from '../../repository/repository-interface.ts';
import { findTensorPath, inferAny, modelSignature } from '../../open-inference/infer-any.ts';
import { withAnyModel } from '../../tasks/with-model.ts';
import { version } from '../../version.ts';
import { headerLength, inferenceRequest, readInference, writeInference } from './inference-body.ts';
import { recordModel, recordSequence } from '../plugins/request-log.ts';
import { findModel } from '../v1/model-view.ts';
import type { Route } from '../route.ts';
import { byName, byVersion, error, failures, toReference, tags, type Reference } from './inference-schema.ts';
import { readSequencePart, runInSequence, withoutSequence } from './sequence.ts';
import { callerOf } from '../plugins/authenticate.ts';
import type { Continuation } from '../../tasks/continuation.ts';
import { parseSettings } from './inference-settings.ts';
import { readRawInput } from './raw-input.ts';
import { sendInference } from './send-inference.ts';
import { createTimeSlice } from '../../time-slice.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';

// The Open Inference Protocol, version 2, which model servers have in common.

const tensors = z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) }));
const metadata = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: tensors,
    outputs: tensors,
    parameters: z.object({ optional_inputs: tensors }),
  })
  .meta({ id: 'InferenceMetadata' });
const inferenceReply = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(z.looseObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) })),
  })
  .meta({ id: 'InferenceReply' });
/** Triton's names of the extensions. */
const extensions = ['binary_tensor_data', 'classification', 'model_repository', 'sequence', 'statistics'];

export const inferenceProtocolRoutes: Route = (scope, { tasks, sessions }) => {
  const { repository } = tasks;
  /** A model that somebody asks about is loaded before others: clients wait until it is ready. */
  const listed = (params: Reference): ModelListing => {
    const reference = toReference(params);
    const { shown } = findModel(repository, reference);
    if (!shown.ready) repository.prefer(reference);
    return shown;
  };

  scope.get(
    '/v2',
    {
      config: { access: 'infer' },
      schema: {
        operationId: 'serverMetadata',
        tags,
        summary: 'Name, version and extensions of the server',
        response: {
          200: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
          ...failures,
        },
      },
    },
    async () => ({ name: 'unroll', version, extensions }),
  );

  for (const [path, suffix, params] of [
    ['/v2/models/:model', '', byName],
    ['/v2/models/:model/versions/:version', 'Version', byVersion],
  ] as const) {
    scope.get(
      path,
      {
        config: { access: 'infer' },
        schema: {
          operationId: `modelMetadata${suffix}`,
          tags,
          summary: 'The input and output tensors of a model',
          params,
          response: { 200: metadata, ...failures },
        },
      },
      async (request) => {
        const { served, name, error: why } = listed(request.params);
        if (!served)
          throw new UnrollError(
            'model_not_ready',
            `model ${name} cannot be served: ${why ?? 'it is being loaded'}`,
          );
        const { inputs, optional, outputs } = modelSignature(served);
        const versions = repository.list(name).map((one) => String(one.version));
        return {
          name,
          versions,
          platform: 'unroll',
          inputs: inputs.map(toMutable),
          outputs: outputs.map(toMutable),
          parameters: { optional_inputs: optional.map(toMutable) },
        };
      },
    );
    scope.get(
      `${path}/ready`,
      {
        config: { access: 'infer' },
        schema: {
          operationId: `modelReady${suffix}`,
          tags,
          summary: 'Whether a model is ready',
          params,
          response: {
            200: z.object({ name: z.string(), ready: z.boolean() }),
            503: z.object({ name: z.string(), ready: z.boolean() }),
            '4xx': error,
          },
        },
      },
      async (request, reply) => {
        const { name, ready } = listed(request.params);
        return reply.status(ready ? 200 : 503).send({ name, ready });
      },
    );
    scope.post(
      `${path}/infer`,
      {
        config: { access: 'infer', takesBytes: true },
        // the body may be JSON followed by bytes, so readInference validates it
        schema: {
          operationId: `infer${suffix}`,
          tags,
          summary: 'Tensors in, tensors out; JSON or, with the binary extension, bytes',
          params,
          body: z.unknown().meta({
            description: 'See the Open Inference Protocol',
            ...z.toJSONSchema(inferenceRequest, { io: 'input' }),
            examples: [{ inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['A text'] }] }],
          }),
          response: { 200: inferenceReply, ...failures },
        },
      },
      async (request, reply) => {
        const call = await readInference(request.body, request.headers[headerLength] as string | undefined);
        const signal = abortOnDisconnect(reply);
        const part = readSequencePart(call.parameters);
        const onSequenceEnd = recordSequence(request);
        const run = async (model: AnyModel, continuation?: Continuation) => {
          recordModel(request, model, 'infer');
          const path = findTensorPath(model);
          const { settings, ...limits } = parseSettings(
            path.kind === 'task' ? path.model.spec.task : null,
            withoutSequence(call.parameters),
          );
          const inputs = call.raw
            ? [await readRawInput(modelSignature(model).inputs, call.raw, createTimeSlice(signal))]
            : call.inputs;
          const deadlines = { signal, ...limits, onSequenceEnd, continuation };
          const outputs = await inferAny(tasks, model, deadlines, { ...call, inputs, settings });
          const { name, version: served, spec } = model;
          return writeInference(
            { name, version: served, labels: spec?.outputs.labels },
            call,
            outputs,
            signal,
          );
        };
        const reference = toReference(request.params);
        const result = part
          ? await runInSequence(
              sessions,
              { model: request.params.model, reference },
              part,
              callerOf(request),
              { signal },
              ({ model, continuation }) => run(model, continuation),
            )
          : await withAnyModel(tasks, reference, run);
        return sendInference(request, reply, result) as never;
      },
    );
  }
};

const toMutable = ({
  name,
  datatype,
  shape,
}: {
  name: string;
  datatype: string;
  shape: readonly number[];
}) => ({
  name,
  datatype,
  shape: [...shape],
});
