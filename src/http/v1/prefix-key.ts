import type { FastifyRequest } from 'fastify';
import type { ServedModel } from '../../repository/repository-interface.ts';
import type { PrefixKey } from '../../tasks/prefix/prefix-states.ts';
import { callerOf } from '../plugins/authenticate.ts';

/** Whose texts a request's text may begin like: those of the same API key, read by the same weights. */
export const prefixKey = (
  request: FastifyRequest,
  { weightsHash }: ServedModel,
  { reuse_prefix: reuse = true }: { readonly reuse_prefix?: boolean | undefined },
): PrefixKey | undefined => (reuse ? { weightsHash, owner: callerOf(request).name ?? '' } : undefined);
