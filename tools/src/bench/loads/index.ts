/** The loads by kind. */
import { startBulk } from './bulk.ts';
import { startDeliver } from './deliver.ts';
import { startExchange } from './exchange.ts';
import { startHandshakes } from './handshake.ts';
import { startIdle } from './idle.ts';
import type { Load, LoadContext, LoadPlan } from './load.ts';
import { startOneWay } from './one-way.ts';
import { startPublish } from './publish.ts';
import { startSpread } from './spread.ts';

export type { DeliverPlan, Load, LoadContext, LoadPlan } from './load.ts';

/** Starts the work of a plan. */
export function startLoad(plan: LoadPlan, context: LoadContext): Load {
  switch (plan.kind) {
    case 'one-way':
      return startOneWay(context, plan.bytes);
    case 'exchange':
      return startExchange(context, plan.bytes, plan.inFlight);
    case 'handshake':
      return startHandshakes(context, plan.atOnce, plan.bytes);
    case 'bulk':
      return startBulk(context, plan.direction, plan.bytes);
    case 'spread':
      return startSpread(context, plan.bytes);
    case 'publish':
      return startPublish(context, plan.bytes, plan.inFlight);
    case 'deliver':
      return startDeliver(context, plan);
    case 'idle':
      return startIdle(context, plan.heartbeatMs);
  }
}
