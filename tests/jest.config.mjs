import base from '../jest.base.mjs';

// One stack of real processes at a time: two cores serve them all.
/** @type {import('jest').Config} */
export default { ...base, maxWorkers: 1, testTimeout: 60_000 };
