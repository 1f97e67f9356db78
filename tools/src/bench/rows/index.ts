/** All series, in the order of the design. */
import { messages } from './m1-messages.ts';
import { groups } from './m2-groups.ts';
import { latency } from './m3-latency.ts';
import { oneWay } from './p1-one-way.ts';
import { start } from './p10-start.ts';
import { growth } from './p11-growth.ts';
import { requests } from './p2-requests.ts';
import { oneAtATime } from './p3-one-at-a-time.ts';
import { bulk } from './p4-bulk.ts';
import { handshakes } from './p5-handshakes.ts';
import { idle } from './p6-idle.ts';
import { durablePublish } from './p7-durable-publish.ts';
import { delivery } from './p8-delivery.ts';
import { fleet } from './p9-fleet.ts';
import type { Series } from './series.ts';

export { OURS } from './series.ts';
export type { Aim, FigureKind, Figures, Participant, RunSettings, Series } from './series.ts';

export const allSeries: readonly Series[] = [
  ...oneWay,
  ...requests,
  ...oneAtATime,
  ...bulk,
  ...handshakes,
  ...idle,
  ...durablePublish,
  ...delivery,
  ...fleet,
  ...start,
  ...growth,
  ...messages,
  ...groups,
  ...latency,
];
