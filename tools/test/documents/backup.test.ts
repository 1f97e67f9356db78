import { runsAsWritten } from './runs-as-written.ts';

runsAsWritten('docs/guides/backup.md');
