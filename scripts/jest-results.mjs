/**
 * Jest reporter: when ARLEO_TEST_RESULTS names a folder, leaves one JSON file there with this run's numbers, for
 * count-tests.mjs to add up.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export default class Results {
  #rootDir;

  /** @param {{ rootDir: string }} globalConfig */
  constructor(globalConfig) {
    this.#rootDir = globalConfig.rootDir;
  }

  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numRuntimeErrorTestSuites: number }} results
   */
  onRunComplete(_contexts, results) {
    const folder = process.env.ARLEO_TEST_RESULTS;
    if (!folder) {
      return;
    }
    writeFileSync(
      path.join(folder, `${randomUUID()}.json`),
      JSON.stringify({
        package: this.#rootDir,
        passed: results.numPassedTests,
        // A file that could not even be loaded ran no test, and is a failure all the same.
        failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
        skipped: results.numPendingTests,
      }),
    );
  }
}
