import { fileURLToPath } from 'node:url';
import base from '../jest.base.mjs';

// Last, so that its line is the last one of the run.
const count = fileURLToPath(new URL('./count-reporter.mjs', import.meta.url));

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['**/*.slow.test.ts'],
  maxWorkers: 1,
  testTimeout: 300_000,
  reporters: [...(base.reporters ?? []), count],
};
