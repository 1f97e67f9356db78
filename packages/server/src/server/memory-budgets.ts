/** The memory that all connections of a server share, as parts of what the process may have. */
import { Backlog } from '@sealane/node/transport';
import type { ServerLimits } from '../config/index.ts';
import { InboundBudget, memoryLimitBytes } from '../limits/index.ts';

export interface MemoryBudgets {
  /** What waits to be read by agents. */
  readonly backlog: Backlog;
  /** What came from agents and is not done with. */
  readonly inbound: InboundBudget;
}

export function memoryBudgetsOf({ backlogMemoryShare, inboundMemoryShare, session }: ServerLimits): MemoryBudgets {
  const bytes = memoryLimitBytes();
  const connectionBytesMax = session.outboundHighWaterBytes;
  return {
    backlog: new Backlog({ bytesMax: bytes * backlogMemoryShare, connectionBytesMax }),
    inbound: new InboundBudget(bytes * inboundMemoryShare),
  };
}
