/** `host:port` in text form. Names are not resolved here. */
import { isIPv6 } from 'node:net';

/** Where a server is reached; an IPv6 host stands without brackets. */
export interface Address {
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

const HOST_CHARACTERS_MAX = 253;

/**
 * Reads `host:port`, `[::1]:port`, or the host alone where there is a default port.
 *
 * @returns the address, or undefined where the text is none.
 */
export function parseAddress(raw: unknown, defaultPort?: number): Address | undefined {
  if (typeof raw !== 'string') return undefined;
  const match = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(raw);
  if (match === null) return undefined;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port === undefined || port < 1 || port > 65_535) return undefined;
  const bracketed = match[1];
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = match[2] ?? '';
  return host.length <= HOST_CHARACTERS_MAX && /^[A-Za-z0-9_.-]+$/.test(host) ? { host, port } : undefined;
}

/** `host:port`, an IPv6 host in brackets. */
export function showAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
