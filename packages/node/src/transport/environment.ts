/** The ports of a session as Node provides them: native cryptography, the system's random source, one monotonic clock. */
import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { WriterPool } from '@sealane/shared/bytes';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { PacketReader } from '@sealane/shared/packets';
import type { SessionEnvironment } from '@sealane/shared/session';

/** The environment that all sessions of a process share. */
export function createEnvironment(): SessionEnvironment {
  return { crypto: nativeCrypto, random: systemRandom, writers: new WriterPool(), reader: new PacketReader() };
}

/** `size` bytes of the system's random source, in an array of their own. */
export function systemRandom(size: number): Uint8Array {
  return randomFillSync(new Uint8Array(size));
}

/** Milliseconds of a clock that never jumps. */
export function monotonicNow(): number {
  return performance.now();
}
