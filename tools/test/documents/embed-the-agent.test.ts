import { runsAsWritten } from './runs-as-written.ts';

runsAsWritten('docs/guides/embed-the-agent.md');
