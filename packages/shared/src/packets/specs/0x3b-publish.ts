import {
  CONTENT_TYPE_BYTES_MAX,
  EVENT_ADDRESS_BYTES_MAX,
  EVENT_BODY_BYTES_MAX,
  EVENT_ID_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bool, bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x3B: one event for the server to store. */
export const publishSpec = definePacket({
  id: 0x3b,
  name: 'Publish',
  since: 2,
  sender: 'agent',
  summary: 'Hands an event to the server, to be stored and delivered to whoever it is for.',
  page: 'protocols/delivery.md#3-publishing',
  fields: {
    producer: uint({ min: 1, max: UINT32_MAX, meaning: 'The outbox, by the handle that Producer Open chose.' }),
    number: uint({
      min: 1,
      max: UINT_MAX,
      meaning: 'Number of the event in its outbox, larger than every earlier one.',
    }),
    settledNumber: uint({
      max: UINT_MAX,
      meaning: 'The agent knows the receipts of all numbers up to this one and never sends them again.',
    }),
    to: text({ max: EVENT_ADDRESS_BYTES_MAX, meaning: 'Whom it is for: `agent:ID` or `topic:NAME`.' }),
    eventId: optional(
      text({ max: EVENT_ID_BYTES_MAX, meaning: 'Id of the event; nil for producer_id, a hyphen and number.' }),
    ),
    body: bytes({ max: EVENT_BODY_BYTES_MAX, meaning: 'The content, in the form that content_type names.' }),
    contentType: optional(
      text({ max: CONTENT_TYPE_BYTES_MAX, meaning: 'Media type of the body (RFC 6838); nil for plain bytes.' }),
    ),
    ttlMs: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'After how long it is not delivered any more; 0 for the retention of the queue.',
    }),
    delayMs: uint({ max: UINT32_MAX, unit: 'ms', meaning: 'How long to wait before the first delivery.' }),
    relaxed: bool({ meaning: 'Whether the receipt may come before the event is safe on disk.' }),
  },
});
