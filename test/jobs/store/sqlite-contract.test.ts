import { describe } from 'vitest';
import { memoryStore } from '../fixtures.ts';
import { testJobStore } from './store-contract.ts';

describe('the store in SQLite', () => {
  testJobStore(async () => memoryStore());
});
