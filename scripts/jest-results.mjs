/**
 * Jest reporter: when ARLEO_TEST_RESULTS names a folder, leaves one JSON file there with this run's numbers and the names of
 * what failed, for count-tests.mjs to add up.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} TestResult */
/** @typedef {{ testResults: { testFilePath: string, testExecError?: { message: string }, testResults: TestResult[] }[] }} RunResults */

/**
 * One line for each test that failed, and for each file that could not be loaded: where, which, and how the reason begins.
 *
 * @param {RunResults} results
 * @returns {string[]}
 */
export function failuresOf({ testResults }) {
  return testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => [
    ...(testExecError ? [`${testFilePath}: ${begin(testExecError.message)}`] : []),
    ...tests
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${testFilePath}: ${fullName}: ${begin(failureMessages[0])}`),
  ]);
}

/** @param {string} [text] */
function begin(text = '') {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').slice(0, 400);
}

export default class Results {
  #rootDir;

  /** @param {{ rootDir: string }} globalConfig */
  constructor(globalConfig) {
    this.#rootDir = globalConfig.rootDir;
  }

  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numRuntimeErrorTestSuites: number } & RunResults} results
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
        failures: failuresOf(results),
      }),
    );
  }
}
