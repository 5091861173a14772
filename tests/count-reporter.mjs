import path from 'node:path';
import { failuresOf } from '../scripts/jest-results.mjs';

/**
 * Jest reporter: says "N passed, N failed" on stdout, for .ci/run, after a line "FAILED …" for each failure. A file that
 * could not be loaded is one.
 */
export default class Count {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number } & import('../scripts/jest-results.mjs').RunResults} results
   */
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    for (const failure of failuresOf(results)) {
      process.stdout.write(`FAILED ${path.relative(process.cwd(), failure)}\n`);
    }
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
