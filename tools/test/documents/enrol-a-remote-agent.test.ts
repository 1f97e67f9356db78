import { runsAsWritten } from './runs-as-written.ts';

runsAsWritten('docs/guides/enrol-a-remote-agent.md');
