import slow from './jest.slow.config.mjs';

// Real systems are booted, by root: a run of its own, `pnpm test:hosts`. Installations take minutes on a busy machine.
/** @type {import('jest').Config} */
export default { ...slow, testMatch: ['**/*.host.test.ts'], testTimeout: 900_000 };
