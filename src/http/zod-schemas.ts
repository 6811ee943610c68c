import type { FastifyServerOptions } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { validateWithoutNulls } from './body/drop-nulls.ts';

type Compile = typeof validatorCompiler;
interface Refused {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
}

/** Validates with zod; null is the same as leaving an optional field out. */
const compileValidator: Compile = (route) => {
  const validate = validatorCompiler(route);
  return (value) =>
    validateWithoutNulls(
      value,
      () => validate(value),
      (result) =>
        (result as { error?: readonly Refused[] }).error?.map(({ instancePath, params }) => ({
          path: instancePath.split('/').filter((part) => part !== ''),
          ...params,
        })),
    );
};

/**
 * Validates and serialises with zod. As factories, because fastify also loads its own compilers with
 * setValidatorCompiler.
 */
export const zodSchemas = {
  compilersFactory: {
    buildValidator: () => compileValidator,
    buildSerializer: () => serializerCompiler,
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;
