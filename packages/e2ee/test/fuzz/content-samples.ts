/** One content of every kind, for the tests of their envelope and for what fuzzes it. */
import type { Content } from '../../src/content/index.ts';

const bytes = (size: number, seed: number): Uint8Array => new Uint8Array(size).fill(seed);

/** Fresh objects each time. */
export function contentSamples(): readonly Content[] {
  const header = { id: bytes(16, 1), at: 1_700_000_000_123, expiresAfter: 0 };
  const about = { ...header, ref: bytes(16, 2) };
  const call = bytes(16, 3);
  const file = {
    name: 'photo ✿.png',
    mediaType: 'image/png',
    size: 123_456,
    sealedSize: 131_104,
    blob: bytes(16, 4),
    key: bytes(32, 5),
    noncePrefix: bytes(7, 6),
    hash: bytes(32, 7),
    caption: 'look',
    thumbnail: bytes(100, 8),
  };
  return [
    { ...header, kind: 'text', body: { text: 'Grüße ✿' } },
    { ...header, expiresAfter: 3_600, kind: 'text', body: { text: 'x'.repeat(65_535) } },
    { ...about, kind: 'reply', body: { text: 'yes' } },
    { ...about, kind: 'edit', body: { text: 'no' } },
    { ...about, kind: 'delete', body: {} },
    { ...about, kind: 'reaction', body: { emoji: '👩‍👩‍👧', isRemoved: false } },
    { ...about, kind: 'reaction', body: { emoji: '👍', isRemoved: true } },
    { ...header, kind: 'receipts', body: { status: 'delivered', messages: [bytes(16, 9)] } },
    { ...header, kind: 'receipts', body: { status: 'read', messages: [bytes(16, 9), bytes(16, 10)] } },
    { ...header, kind: 'typing', body: { isTyping: true } },
    { ...header, kind: 'file', body: file },
    { ...about, kind: 'file', body: { ...file, caption: '', thumbnail: new Uint8Array() } },
    { ...header, kind: 'call-offer', body: { call, description: 'v=0\r\n', isVideo: true } },
    { ...header, kind: 'call-answer', body: { call, description: 'v=0\r\n' } },
    { ...header, kind: 'call-candidates', body: { call, candidates: ['candidate:1 1 udp', ''] } },
    { ...header, kind: 'call-end', body: { call, reason: 'declined' } },
    { ...header, kind: 'profile', body: { displayName: 'Alice', about: '' } },
    { ...header, kind: 'tree-head', body: { head: bytes(145, 11) } },
    { ...header, kind: 'expiry', body: { seconds: 86_400 } },
    { ...header, kind: 'group-name', body: { name: 'Friends' } },
    { ...header, kind: 'leave', body: {} },
    { ...header, kind: 'unknown', kindNumber: 99, body: bytes(5, 12) },
  ];
}
