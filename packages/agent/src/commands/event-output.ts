/** Events as commands print them: one JSON line each, or one line for people. */
import { escapeText, toBase64, utf8Decode } from '@sealane/shared/bytes';
import { TEXT_CONTENT_TYPE } from '@sealane/shared/channel';
import type { Output } from '@sealane/node/cli';
import { JSON_CONTENT_TYPE, type DeliveredEvent, type SkippedEvents } from '../delivery/index.ts';

/** Prints a delivery. @returns whether the system took it. */
export function printDelivery(output: Output, event: DeliveredEvent): Promise<boolean> {
  const { id, sequence, attempt, topic = null } = event;
  const payload = payloadOf(event);
  const shown = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const human = `${escapeText(topic ?? event.from)} (${sequence}${again}): ${escapeText(shown)}`;
  return output.emit({ event: 'delivery', id, sequence, attempt, topic, payload }, human);
}

/** Prints that sequences come without an event. */
export function printSkipped(output: Output, { from, to, reason }: SkippedEvents): Promise<boolean> {
  const which = from === to ? `event ${from} does` : `events ${from} to ${to} do`;
  return output.emit({ event: 'skipped', from, to, reason }, `The ${which} not come (${reason}).`);
}

/** Text as a string, JSON as its value, any other bytes as base64. */
function payloadOf({ body, contentType }: DeliveredEvent): unknown {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isText = type === TEXT_CONTENT_TYPE || type.startsWith('text/');
  const text = isText || type === JSON_CONTENT_TYPE ? utf8Decode(body) : undefined;
  if (text === undefined) return { base64: toBase64(body) };
  return isText ? text : jsonOr(text);
}

/** The value, or the text where it is not the JSON that it claims to be. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
