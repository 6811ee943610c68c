/** What a key may do: call models, train them, change what is served. `admin` includes the others. */
export const scopes = ['infer', 'train', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What a route needs: a scope, or nothing. */
export type Access = Scope | 'open';
