/** A reporter of Jest that names the suites of which every test was skipped: Jest itself only counts them. */
export default class NamedReporter {
  onTestFileResult({ path }, { numPendingTests, testResults }) {
    if (testResults.length > 0 && numPendingTests === testResults.length) {
      const why = testResults.map(({ fullName }) => /\(([^()]* not given)\)/.exec(fullName)?.[1]).find(Boolean);
      process.stderr.write(
        `SKIPPED ${path.replace(`${process.cwd()}/`, '')}: ${numPendingTests} tests, ${why ?? 'by their own choice'}\n`,
      );
    }
  }
}
