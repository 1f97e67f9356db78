/** ShownFields: how a content of each kind is shown as the row of a message. */
import { toBase64, toHex } from '@sealane/shared/bytes';
import type { Content, FileBody } from '@sealane/e2ee/content';
import type { NewMessage } from './message-book.ts';

/** How a content is shown. */
export function shownFields(content: Content): Pick<NewMessage, 'kind' | 'body'> & Partial<NewMessage> {
  const common = { expiresAfter: content.expiresAfter, ...(content.ref !== undefined && { replyTo: content.ref }) };
  switch (content.kind) {
    case 'text':
      return { ...common, kind: 'text', body: content.body.text };
    case 'reply':
      return { ...common, kind: 'reply', body: content.body.text };
    case 'file':
      return { ...common, kind: 'file', body: content.body.name, details: fileDetails(content.body) };
    case 'call-offer':
      return {
        ...common,
        kind: 'call',
        body: content.body.isVideo ? 'video call' : 'call',
        details: callDetails(content),
      };
    case 'call-end':
      return { ...common, kind: 'call', body: `call ended: ${content.body.reason}`, details: callDetails(content) };
    default:
      return { ...common, kind: 'unknown', body: '' };
  }
}

/** What is needed to get the file, as JSON. */
function fileDetails(file: FileBody): string {
  const { mediaType, size, sealedSize, caption } = file;
  const [blob, key, noncePrefix, hash] = [file.blob, file.key, file.noncePrefix, file.hash].map(toBase64);
  return JSON.stringify({ contentType: mediaType, size, sealedSize, caption, blob, key, noncePrefix, hash });
}

function callDetails(content: Content & { readonly kind: 'call-offer' | 'call-end' }): string {
  const { call, ...rest } = content.body;
  return JSON.stringify({ event: content.kind, call: toHex(call), ...rest });
}
