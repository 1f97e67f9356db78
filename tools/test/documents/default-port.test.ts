import { runsAsWritten } from './runs-as-written.ts';

// One after the other: they use the default port, or build the packages.
runsAsWritten('README.md');
runsAsWritten('docs/guides/first-run.md', { usesNpx: true });
runsAsWritten('docs/guides/operate.md');
