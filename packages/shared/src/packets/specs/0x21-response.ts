import { BODY_BYTES_MAX, CONTENT_TYPE_BYTES_MAX, ERROR_CODE_MAX, UINT_MAX } from '../limits.ts';
import { bool, bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x21: an answer, or a part of one. */
export const responseSpec = definePacket({
  id: 0x21,
  name: 'Response',
  since: 1,
  sender: 'both',
  summary: 'Answers a Request. There may be several; the last one says so.',
  page: 'protocols/requests.md#2-responses',
  fields: {
    requestId: uint({ min: 1, max: UINT_MAX, meaning: 'The request that it answers.' }),
    status: uint({ max: 2, meaning: '0 success, 1 error, 2 partial: a part of the answer or news of its progress.' }),
    last: bool({ meaning: 'Whether nothing follows for this request; always true for an error.' }),
    body: bytes({ max: BODY_BYTES_MAX, meaning: 'The content, in the form that content_type names.' }),
    contentType: optional(
      text({ max: CONTENT_TYPE_BYTES_MAX, meaning: 'Media type of the body (RFC 6838); nil for plain bytes.' }),
    ),
    code: uint({ max: ERROR_CODE_MAX, meaning: 'Zero, or with status 1 the error number (`docs/errors.md`).' }),
  },
});
