import type { Scenario } from '../scenario.ts';
export const sigterm: Scenario = { name: 'sigterm', about: '', share: 1, run: async () => {} };
