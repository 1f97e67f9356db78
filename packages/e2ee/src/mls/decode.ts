/** MLS messages from bytes: exactly one message, or undefined; the decoders of `ts-mls` may throw on garbage. */
import { decodeMlsMessage, type MLSMessage } from 'ts-mls';

type Wireformat = MLSMessage['wireformat'];
type MessageOf<W extends Wireformat> = Extract<MLSMessage, { wireformat: W }>;

/** The message, when it is one of the kinds asked for. */
export function decodeMessage<W extends Wireformat>(bytes: Uint8Array, kinds: readonly W[]): MessageOf<W> | undefined {
  // The decoders give views of what they read: a copy keeps them apart from the bytes of the caller.
  const message = decodeWhole(Uint8Array.from(bytes));
  return message !== undefined && isOneOf(message, kinds) ? message : undefined;
}

function decodeWhole(bytes: Uint8Array): MLSMessage | undefined {
  try {
    const decoded = decodeMlsMessage(bytes, 0);
    return decoded?.[1] === bytes.length ? decoded[0] : undefined;
  } catch {
    return undefined;
  }
}

function isOneOf<W extends Wireformat>(message: MLSMessage, kinds: readonly W[]): message is MessageOf<W> {
  return kinds.some((kind) => kind === message.wireformat);
}
