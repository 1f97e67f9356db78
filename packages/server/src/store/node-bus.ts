/**
 * NodeBus: port for messages from node to node of one store. It carries what may get lost, such as requests that somebody
 * waits for; what must not is an event. A store of one process has none.
 */

/**
 * Messages of one node arrive in the order in which they were sent, or not at all, and none comes twice.
 */
export interface NodeBus {
  /** Name of this node; every life of a node has another one. */
  readonly node: string;
  /** Whether so much waits to be sent that nothing large is to be added. */
  readonly isFull: boolean;
  /** Takes what other nodes send from now on; what comes is the listener's own. @throws StorageError. */
  open(onMessage: (message: Uint8Array) => void): Promise<void>;
  /**
   * Sends to one node. The bytes may not be changed afterwards.
   *
   * @returns whether a node of this name takes messages.
   * @throws StorageError when the way is gone; the message may still arrive.
   */
  send(node: string, message: Uint8Array): Promise<boolean>;
  /** Waits a moment for what is being sent, and takes nothing any more. Twice is harmless. */
  close(): Promise<void>;
}
