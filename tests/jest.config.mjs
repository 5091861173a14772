import base from '../jest.base.mjs';

// One stack of real processes at a time: two cores serve them all.
const oneAtATime = { ...base, maxWorkers: 1 };

// What takes minutes, or a newer Node, has a run of its own: `pnpm test:slow`; what boots hosts too: `pnpm test:hosts`.
/** @type {import('jest').Config} */
export default {
  ...oneAtATime,
  testPathIgnorePatterns: [...(base.testPathIgnorePatterns ?? []), '\\.(slow|host)\\.test\\.ts$'],
};
