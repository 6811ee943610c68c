import { z } from 'zod';
import { stringList, withMaxSize } from '../../../bounded-schema.ts';

const maxLayers = 256;
const maxUnits = 8192;

/** Fields of the tasks that can report the values inside a network. */
export const includeFields = {
  include: withMaxSize(3, z.array(z.enum(['hidden', 'cell', 'gates'])))
    .optional()
    .describe(
      'Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without',
    )
    .meta({ examples: [['hidden', 'gates']] }),
  include_layers: stringList(maxLayers)
    .optional()
    .describe('Of these layers only, by their names in `GET /v1/models/{model}`')
    .meta({ examples: [['recurrent_1']] }),
  include_units: withMaxSize(maxUnits, z.array(z.int().min(0)).min(1))
    .optional()
    .describe('Of these units of each layer only, counted from 0, in this order')
    .meta({ examples: [[0, 5]] }),
  include_format: z
    .enum(['json', 'base64'])
    .optional()
    .describe('Numbers, the default, or each array as base64 of its float32, little-endian'),
};

const rows = z.union([z.array(z.array(z.number())), z.string()]);

const insideLayer = z
  .object({
    layer: z.string(),
    direction: z.enum(['forward', 'backward']),
    shape: z.array(z.int()).describe('[steps, units]'),
    hidden: rows.optional(),
    cell: rows.optional().describe('Of LSTM and CIFG cells'),
    gates: z.record(z.string(), rows).optional().describe('By name; a plain RNN has none'),
  })
  .meta({
    id: 'InsideLayer',
    examples: [
      {
        layer: 'recurrent_1',
        direction: 'forward',
        shape: [2, 2],
        hidden: [
          [0.0145, -0.327],
          [0.0812, -0.5104],
        ],
      },
    ],
  });

const row = z.union([z.array(z.number()), z.string()]);

const insideStep = z
  .object({
    layer: z.string(),
    direction: z.enum(['forward', 'backward']),
    shape: z.array(z.int()).describe('[units]'),
    hidden: row.optional(),
    cell: row.optional(),
    gates: z.record(z.string(), row).optional(),
  })
  .meta({ id: 'InsideStep' });

/** The same in an event of a stream, which has the values of one step. */
export const stepInside = z.array(insideStep).optional();

/** The values inside a network that belong to a sequence of a reply. */
export const insideReply = z
  .array(insideLayer)
  .optional()
  .describe('What `include` asks for: an entry for each layer and direction, with a row for each step');
