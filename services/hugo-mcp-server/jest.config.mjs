import base from '../../jest.base.mjs';

// What kills and starts the service hundreds of times has a run of its own: `pnpm test:slow`.
export default { ...base, testPathIgnorePatterns: [...base.testPathIgnorePatterns, '\\.slow\\.test\\.ts$'] };
