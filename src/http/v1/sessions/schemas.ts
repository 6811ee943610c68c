import { z } from 'zod';
import { maxForks } from '../../../sessions/sessions.ts';
import { problems } from '../schemas/reply.ts';

// The bodies and replies of sessions.

const maxTtlSeconds = 30 * 86_400;
const maxKeepSteps = 4096;

const sessionId = z
  .string()
  .regex(/^[A-Za-z0-9_-][\w.:-]{0,99}$/, 'must have 1 to 100 of A–Z a–z 0–9 _ - . :');
export const sessionParameter = z.object({ session: sessionId });
const owner = z.string().max(64).optional();
/** Whose session it is. */
export const ownerFields = {
  owner: owner.describe(
    "Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key",
  ),
};
export const ownerQuery = z.object(ownerFields);
const markName = z.string().regex(/^[\w.:-]{1,64}$/, 'must have 1 to 64 of A–Z a–z 0–9 _ - . :');
export const markParameter = sessionParameter.extend({ mark: markName });

export const createSessionBody = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(200)
      .describe('`name`, `name@version` or `name@alias`; the session stays with the version that it is now'),
    id: sessionId
      .optional()
      .describe('An id of your own, among those of your API key; one that cannot be guessed by default'),
    ttl_s: z
      .int()
      .min(1)
      .max(maxTtlSeconds)
      .optional()
      .describe('Seconds without a call after which it expires; UNROLL_SESSION_TTL_S by default'),
    durable: z
      .boolean()
      .optional()
      .describe('Whether every call is on disk before it is answered, so that not even kill -9 loses a step'),
    keep_steps: z
      .int()
      .min(0)
      .max(maxKeepSteps)
      .optional()
      .describe('How many of the last steps it can be rewound by; none by default'),
    snapshot: z
      .base64()
      .optional()
      .describe('A snapshot to start from, in base64: of a session with the same weights, on any server'),
  })
  .meta({
    examples: [
      { model: 'moby', keep_steps: 100 },
      { model: 'births@1', id: 'births', durable: true },
    ],
  });

export const sessionView = z
  .object({
    id: z.string(),
    object: z.literal('session'),
    owner: z.string().nullable().describe('Name of the API key that made it'),
    model: z.string(),
    version: z.int(),
    weights_sha256: z.string().describe('A state goes on wherever this is the same'),
    position: z.int().describe('Steps, or tokens, of its sequence so far'),
    created_at: z.number().describe('Seconds since 1970'),
    ttl_s: z.number(),
    durable: z.boolean(),
    keep_steps: z.int(),
    state_bytes: z.int(),
    marks: z.array(z.object({ name: z.string(), position: z.int() })),
  })
  .meta({ id: 'Session' });

export const sessionList = z.object({
  object: z.literal('list'),
  data: z.array(sessionView).describe('Newest first'),
  has_more: z.boolean(),
});
export const sessionQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  after: z
    .string()
    .regex(
      /^([A-Za-z0-9][\w.-]{0,63}\/)?[A-Za-z0-9_-][\w.:-]{0,99}$/,
      'must be an id of a session, or owner/id',
    )
    .optional()
    .describe('Id of the last session of the previous page; `owner/id` where it is that of another key'),
  owner: owner.describe('Those of this API key'),
  model: z.string().max(200).optional().describe('Those of this model'),
});
export const removedSession = z.object({
  id: z.string(),
  object: z.literal('session'),
  deleted: z.literal(true),
});

export const forkBody = z
  .strictObject({ count: z.int().min(1).default(1).describe(`At most ${maxForks}`) })
  .meta({ examples: [{ count: 3 }] });
export const markBody = z.strictObject({ name: markName }).meta({ examples: [{ name: 'before-the-door' }] });
export const rewindBody = z
  .strictObject({
    mark: markName.optional().describe('The name of a mark'),
    position: z.int().min(0).optional().describe('A position among the last keep_steps'),
    steps: z.int().min(0).optional().describe('A number of steps back, at most keep_steps'),
  })
  .refine((to) => Object.values(to).filter((value) => value !== undefined).length === 1, {
    error: 'must have one of mark, position and steps',
  })
  .meta({ examples: [{ mark: 'before-the-door' }, { steps: 3 }, { position: 17 }] });

export const snapshotResponses = {
  200: {
    description: 'The state by layer as safetensors, with what it belongs to in its metadata',
    content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
  },
  ...problems,
};
