/** A ban, and the port of where bans are kept: in a file of one node (file-bans.ts), or on Redis for all of them. */
import * as z from 'zod/mini';

/** What a ban is about. */
export const BAN_KINDS = ['agent', 'address'] as const;
export type BanKind = (typeof BAN_KINDS)[number];

/** One ban. */
export interface Ban {
  readonly kind: BanKind;
  /** The id of an agent, or an address as limits count it: IPv4, or the /64 of IPv6. */
  readonly name: string;
  /** Wall clock ms; undefined for a ban that lasts until it is lifted. */
  readonly until: number | undefined;
  readonly reason: string;
  /** Wall clock ms. */
  readonly since: number;
}

/** Keeps bans, and has whoever admits agents know which of them are banned. */
export interface BanKeeper {
  /** All that are kept, those that have ended included. */
  read(): Promise<readonly Ban[]>;
  /** Durable when it resolves. */
  write(ban: Ban): Promise<void>;
  /** @param only lifted only while it is still this one. @returns whether there was one. */
  remove(kind: BanKind, name: string, only?: Ban): Promise<boolean>;
  /** Has changes told that others made, or may have made. */
  follow(onChange: () => void): void;
  close(): Promise<void>;
}

/** The form in which a ban is stored. */
export const storedBanSchema = z.strictObject({
  kind: z.enum(BAN_KINDS),
  name: z.string(),
  until: z.optional(z.number()),
  reason: z.string(),
  since: z.number(),
});

export function banOf({ kind, name, until, reason, since }: z.infer<typeof storedBanSchema>): Ban {
  return { kind, name, until, reason, since };
}

/** The key of a ban among all others. */
export function banKey({ kind, name }: Pick<Ban, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
