import { runsAsWritten } from './runs-as-written.ts';

runsAsWritten('docs/guides/publish-and-subscribe.md');
