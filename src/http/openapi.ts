import type { Route } from './route.ts';

export const openapiRoute: Route = (scope) => {
  scope.get('/openapi.json', { config: { access: 'open' }, schema: { hide: true } }, async () =>
    scope.describeApi(),
  );
};
