import base from '../../jest.base.mjs';

export default { ...base, testMatch: ['**/*.slow.test.ts'], testTimeout: 900_000 };
