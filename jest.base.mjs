import { fileURLToPath } from 'node:url';

/**
 * The jest configuration that every workspace package extends: TypeScript by swc, native ESM, workspace packages from
 * their sources. Needs `NODE_OPTIONS=--experimental-vm-modules`.
 *
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['arleo-source', 'node', 'node-addons'] },
  roots: ['<rootDir>'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  // Ends what hangs, never what is slow on a busy machine.
  testTimeout: 120_000,
  reporters: ['default', fileURLToPath(new URL('./scripts/jest-results.mjs', import.meta.url))],
};
