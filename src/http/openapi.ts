import type { Route } from './route.ts';

export const openapiRoute: Route = (scope) => {
  scope.get('/openapi.json', { schema: { hide: true } }, async () => scope.swagger());
};
