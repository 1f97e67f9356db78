/** MessageBox: two ends that seal and open, one message after the other: what M1 asks of every contender. */

export interface MessageBox {
  /** Seals for the other end. */
  seal(plaintext: Uint8Array): Promise<Uint8Array>;
  /** Opens what the other end has sealed; each once, in order. @throws when it is not what was sealed. */
  open(sealed: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}
