/** Frames: a length in front of every body, and the deframer that finds them in a byte stream. */
export { FRAME_HEADER_BYTES, HANDSHAKE_FRAME_BODY_BYTES_MAX, encodeFrame, writeFrameLength } from './frame.ts';
export { Deframer } from './deframer.ts';
