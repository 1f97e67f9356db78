/** SimSocket: a TCP socket of a world, as far as the product uses `Socket` of `node:net`. It belongs to one process. */
import { EventEmitter } from 'node:events';
import type { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import type { Pipe } from './pipe.ts';

/** What `connect` is told about who takes the bytes. */
export interface OnRead {
  readonly buffer: () => Uint8Array;
  readonly callback: (size: number, buffer: Uint8Array) => boolean;
}

interface Write {
  bytes: Uint8Array;
  readonly onWritten: (() => void) | undefined;
}

export class SimSocket extends EventEmitter {
  readonly process: Process;
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;
  bytesRead = 0;
  bytesWritten = 0;
  /** To the other side; known once it is connected. */
  out: Pipe | undefined;
  /** From the other side. */
  in: Pipe | undefined;
  /** Tells the other side that this one is gone: in order, or not. */
  onGone: (isOrderly: boolean) => void = () => undefined;
  readonly #world: World;
  readonly #onRead: OnRead | undefined;
  #writes: Write[] = [];
  #isPaused = false;
  #isEnding = false;
  #hasEnded = false;

  constructor(
    world: World,
    process: Process,
    remote: { readonly address: string; readonly port: number },
    onRead: OnRead | undefined,
  ) {
    super();
    this.#world = world;
    this.process = process;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.#onRead = onRead;
  }

  get writableLength(): number {
    return this.#writes.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  setNoDelay(): this {
    return this;
  }

  write(bytes: Uint8Array, onWritten?: () => void): boolean {
    if (this.destroyed || this.#isEnding || !this.process.effect()) return false;
    this.bytesWritten += bytes.length;
    // The writer may do with its memory what it likes once it is written.
    this.#writes.push({ bytes: Uint8Array.from(bytes), onWritten });
    this.#send();
    return this.#writes.length === 0;
  }

  cork(): void {}

  uncork(): void {}

  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    this.in?.resume();
    return this;
  }

  end(): this {
    if (this.#isEnding || !this.process.isAlive) return this;
    this.#isEnding = true;
    this.#send();
    return this;
  }

  destroy(): this {
    if (this.destroyed || !this.process.isAlive) return this;
    this.#close();
    this.onGone(this.#writes.length === 0);
    return this;
  }

  // For the network.

  get reads(): boolean {
    return !this.#isPaused;
  }

  /** In a step of its process. */
  takeBytes(bytes: Uint8Array): void {
    if (this.destroyed) return;
    this.bytesRead += bytes.length;
    if (this.#onRead === undefined) {
      const chunk = Buffer.allocUnsafeSlow(bytes.length);
      chunk.set(bytes);
      this.emit('data', chunk);
      return;
    }
    const { buffer, callback } = this.#onRead;
    const target = buffer();
    for (let from = 0; from < bytes.length; from += target.length) {
      const part = bytes.subarray(from, from + target.length);
      target.set(part);
      callback(part.length, target);
    }
  }

  /** In a step of its process: the other side sends nothing more. */
  takeEnd(): void {
    if (this.destroyed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.emit('end');
    this.end();
    this.#closeWhenDone();
  }

  /** In a step of its process: the connection is broken. */
  takeError(code: string): void {
    if (this.destroyed) return;
    this.emit('error', Object.assign(new Error(`read ${code}`), { code }));
    this.#close();
  }

  /** There is room on the way to the other side. */
  onRoom(): void {
    this.#send();
  }

  #send(): void {
    const { out } = this;
    if (out === undefined || this.destroyed) return;
    for (let write = this.#writes[0]; write !== undefined && out.room > 0; write = this.#writes[0]) {
      const part = write.bytes.subarray(0, out.room);
      out.push(part);
      write.bytes = write.bytes.subarray(part.length);
      if (write.bytes.length > 0) break;
      this.#writes.shift();
      const { onWritten } = write;
      if (onWritten !== undefined) this.#world.schedule(this.process, 0, onWritten);
    }
    if (!this.#isEnding || this.#writes.length > 0) return;
    out.end();
    this.#closeWhenDone();
  }

  /** Both sides have said everything. */
  #closeWhenDone(): void {
    if (this.#hasEnded && this.#isEnding && this.#writes.length === 0) this.#close();
  }

  #close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#world.schedule(this.process, 0, () => this.emit('close'));
  }
}
