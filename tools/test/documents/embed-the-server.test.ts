import { runsAsWritten } from './runs-as-written.ts';

runsAsWritten('docs/guides/embed-the-server.md');
