const SLOWEST = 10;

const seconds = (ms) => (ms / 1_000).toFixed(1).padStart(8);

/** Jest's `reporters`: how long each project took, all its files added up, and which files took longest. */
// oxlint-disable-next-line import/no-default-export -- Jest reads it
export default class SlowestReporter {
  onRunComplete(_contexts, { testResults }) {
    const files = testResults.map(({ perfStats, testFilePath, displayName }) => ({
      ms: perfStats.runtime,
      file: testFilePath.slice(process.cwd().length + 1),
      project: displayName?.name ?? '',
    }));
    const lines = [...new Set(files.map(({ project }) => project))].map((project) => {
      const ofIt = files.filter((file) => file.project === project);
      const ms = ofIt.reduce((sum, file) => sum + file.ms, 0);
      return `${seconds(ms)} s  ${project}, ${ofIt.length} ${ofIt.length === 1 ? 'file' : 'files'}`;
    });
    const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
    const longest = slowest.map(({ ms, file }) => `${seconds(ms)} s  ${file}`);
    process.stderr.write(`\n${[...lines, 'of these', ...longest].join('\n')}\n`);
  }
}
