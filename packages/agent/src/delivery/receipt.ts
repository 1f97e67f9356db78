/** Receipts: what a publisher gets for an event that is stored. */

/** How safe a stored event is: fsynced, or within the loss window that the operator or the program chose. */
export type Durability = 'durable' | 'relaxed';

/** The server has stored an event. */
export interface Receipt {
  /** Id of the event: the program's, or one made of outbox and number. */
  readonly id: string;
  /** Position in the log of the server, increasing. */
  readonly sequence: number;
  readonly durability: Durability;
}

/** The event is durable in the outbox of this agent, and will be sent. */
export interface QueuedReceipt {
  readonly id: string;
}
