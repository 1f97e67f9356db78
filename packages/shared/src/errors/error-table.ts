/**
 * The one table of errors: number on the wire, name, what it closes, what the user does next.
 *
 * `docs/errors.md` is generated from this table. A number, once released, keeps its meaning for ever;
 * numbers below 0x1000 may travel in packets, those from 0x1000 on are local and never do.
 */

/** Exit codes of the commands (`docs/errors.md`), the sysexits of BSD where one fits. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  badData: 65,
  unreachable: 69,
  storage: 74,
  tryAgain: 75,
  protocol: 76,
  denied: 77,
  environment: 78,
  timeout: 124,
} as const;

/** What an error ends: nothing, one request, one stream, the connection, or the whole command. */
export type Closes = 'nothing' | 'request' | 'stream' | 'connection' | 'command';

/** One row of the table. */
export interface ErrorRow {
  /** Number on the wire (below 0x1000) or local number (from 0x1000 on). */
  readonly number: number;
  readonly closes: Closes;
  /** Exit code of a command that ends with this error. */
  readonly exit: number;
  /** What happened, one sentence. */
  readonly means: string;
  /** What the user does next, one sentence. */
  readonly next: string;
}

// One row a line: the table is read as a table.
// oxfmt-ignore
const rows = {
  // Framing, handshake and records: the connection cannot go on.
  E_MALFORMED: row(0x0001, 'connection', EXIT.protocol, 'Bytes arrived that are not a valid frame or packet.', 'Check that the peer speaks Sealane and that nothing on the way changes bytes.'),
  E_STATE: row(0x0002, 'connection', EXIT.protocol, 'A valid packet arrived in a state in which it is not allowed.', 'Update the peer: its implementation is wrong.'),
  E_UNSUPPORTED_VERSION: row(0x0003, 'connection', EXIT.protocol, 'The two sides share no wire version.', 'Update the older side.'),
  E_UNSUPPORTED_SUITE: row(0x0004, 'connection', EXIT.protocol, 'The two sides share no cipher suite.', 'Allow the classical suite on both sides with --suites=any, or update the older side.'),
  E_HANDSHAKE: row(0x0005, 'connection', EXIT.protocol, 'The handshake did not authenticate: a byte was changed on the way, or the keys do not fit.', 'Try again; if it persists, something between the two sides alters traffic.'),
  E_DECRYPT: row(0x0006, 'connection', EXIT.protocol, 'A record was altered, replayed, reordered or dropped.', 'Reconnect; if it persists, something between the two sides alters traffic.'),
  E_TOO_LARGE: row(0x0007, 'connection', EXIT.protocol, 'A frame, packet or field is larger than its named limit.', 'Send less at once, or use a stream.'),
  E_UNKNOWN_PACKET: row(0x0008, 'connection', EXIT.protocol, 'A packet id arrived that the negotiated version does not have.', 'Update the older side.'),
  E_HANDSHAKE_TIMEOUT: row(0x0009, 'connection', EXIT.timeout, 'The handshake was not finished before its deadline.', 'Check the network between the two sides and try again.'),
  E_IDLE: row(0x000a, 'connection', EXIT.unreachable, 'The peer answered no ping for the idle timeout.', 'Check the network; the agent reconnects by itself with --reconnect.'),
  E_RECORD_LIMIT: row(0x000b, 'connection', EXIT.protocol, 'An epoch reached its hard limit of records or bytes without a key update.', 'Update the peer: it did not take part in key updates.'),
  E_FLOW_CONTROL: row(0x000c, 'connection', EXIT.protocol, 'The peer sent more stream bytes than it had credit for.', 'Update the peer: its implementation is wrong.'),
  E_SLOW_READER: row(0x000d, 'connection', EXIT.unreachable, 'The peer did not read what was waiting for it.', 'Read faster, or ask for less at once.'),

  // Identity and admission.
  E_UNKNOWN_AGENT: row(0x0010, 'connection', EXIT.denied, 'The server does not know this agent and its enrolment policy does not admit it.', 'Ask the operator for a token (`enrol`) and pass it with --token-file.'),
  E_ID_TAKEN: row(0x0011, 'connection', EXIT.denied, 'The agent id is bound to another key.', 'Choose another --id, or ask the operator for a token made with `enrol --id ID --replace`.'),
  E_TOKEN_INVALID: row(0x0012, 'connection', EXIT.denied, 'The enrolment token is damaged, was signed by another server, or is for another agent id.', 'Check --id and --server, or ask the operator for a new token.'),
  E_TOKEN_USED: row(0x0013, 'connection', EXIT.denied, 'The enrolment token was redeemed before.', 'Ask the operator for a new token; each one works once.'),
  E_TOKEN_EXPIRED: row(0x0014, 'connection', EXIT.denied, 'The enrolment token has expired.', 'Ask the operator for a new token.'),
  E_REPLACED: row(0x0015, 'connection', EXIT.denied, 'The same agent and instance connected again and took over.', 'Run one `start` per agent; use another --data-dir or --id for a second one.'),
  E_FORBIDDEN: row(0x0016, 'request', EXIT.denied, 'The permissions of this agent do not allow this.', 'Ask the operator to change the permissions file.'),
  E_BANNED: row(0x0017, 'connection', EXIT.denied, 'The operator has banned this agent.', 'Ask the operator.'),

  // Load and lifecycle.
  E_BUSY: row(0x0020, 'request', EXIT.tryAgain, 'The server or peer has as much work in hand as its limits allow.', 'Try again after the time it names.'),
  E_RATE_LIMITED: row(0x0021, 'connection', EXIT.tryAgain, 'Too many attempts came from this address.', 'Try again after the time it names.'),
  E_DRAINING: row(0x0022, 'connection', EXIT.unreachable, 'The server is shutting down in an orderly way.', 'Reconnect after the time it names; --reconnect does so by itself.'),
  E_TOO_MANY_CONNECTIONS: row(0x0023, 'connection', EXIT.tryAgain, 'The server holds as many connections as its limits allow.', 'Try again later, or ask the operator to raise the limit.'),

  // Requests.
  E_NO_HANDLER: row(0x0030, 'request', EXIT.failed, 'The peer has no handler of this name.', 'Check the name of the request.'),
  E_HANDLER_FAILED: row(0x0031, 'request', EXIT.failed, 'The handler at the peer failed.', 'See the log of the peer.'),
  E_TIMEOUT: row(0x0032, 'request', EXIT.timeout, 'No answer came before the deadline.', 'Try again, or allow more time with --timeout.'),
  E_CANCELLED: row(0x0033, 'request', EXIT.failed, 'The request was cancelled by its sender.', 'Nothing: it was asked for.'),
  E_NOT_CONNECTED: row(0x0034, 'request', EXIT.unreachable, 'The agent addressed is not connected.', 'Check its id, or try again when it is back.'),
  E_BAD_REQUEST: row(0x0035, 'request', EXIT.badData, 'The handler refused the content of the request.', 'Correct the request.'),

  // Streams and files.
  E_STREAM_LIMIT: row(0x0040, 'stream', EXIT.tryAgain, 'The peer has as many streams open as its limit allows.', 'Finish some streams first.'),
  E_STREAM_REFUSED: row(0x0041, 'stream', EXIT.failed, 'The peer accepts no stream of this name.', 'Check the name; files need a server started with --receive.'),
  E_STREAM_RESET: row(0x0042, 'stream', EXIT.failed, 'The stream was given up before its end.', 'Try again.'),
  E_FILE_NOT_FOUND: row(0x0048, 'stream', EXIT.failed, 'There is no file of this name.', 'Check the name.'),
  E_FILE_NAME: row(0x0049, 'stream', EXIT.badData, 'The file name is not allowed.', 'Use --name with a plain name: no folders, no control characters, at most 255 bytes.'),
  E_FILE_CHANGED: row(0x004a, 'stream', EXIT.badData, 'The file changed between the attempts of one transfer.', 'Start the transfer again.'),
  E_FILE_HASH: row(0x004b, 'stream', EXIT.badData, 'The bytes received do not have the announced hash.', 'Start the transfer again.'),
  E_FILE_TOO_LARGE: row(0x004c, 'stream', EXIT.badData, 'The file is larger than the receiver allows.', 'Send a smaller file, or ask the operator to raise the limit.'),
  E_FILE_EXISTS: row(0x004d, 'stream', EXIT.badData, 'The receiver already has a different file of this name.', 'Choose another name with --name.'),
  E_FILE_BUSY: row(0x004e, 'stream', EXIT.tryAgain, 'Another transfer of this file is under way.', 'Wait for it to end.'),
  E_DISK_FULL: row(0x004f, 'stream', EXIT.storage, 'The disk of the receiver, or the quota it has set, is full.', 'Make room and start the same command again; it resumes.'),

  // Events.
  E_UNKNOWN_ADDRESS: row(0x0050, 'request', EXIT.failed, 'No agent of this id is enrolled, so nothing can be kept for it.', 'Check the address: agent:ID or topic:NAME.'),
  E_BAD_TOPIC: row(0x0051, 'request', EXIT.badData, 'The topic or pattern is not allowed.', 'Use levels of letters, digits and marks, separated by dots; * and > only when subscribing.'),
  E_EVENT_CONFLICT: row(0x0052, 'request', EXIT.badData, 'An event of this id with other content was stored before.', 'Use a new id; the first event stays as it is.'),
  E_QUEUE_FULL: row(0x0053, 'request', EXIT.tryAgain, 'The queue of the receiver holds as much as its limits allow.', 'Try again after the time it names, or let the receiver catch up.'),
  E_STORE_FULL: row(0x0054, 'request', EXIT.tryAgain, 'The server has too little free disk space to take events.', 'Ask the operator to make room; nothing accepted before is lost.'),
  E_STORE_UNAVAILABLE: row(0x0055, 'request', EXIT.tryAgain, 'The store of the server does not answer.', 'Try again after the time it names; the agent does so by itself.'),
  E_EVENT_TOO_LARGE: row(0x0056, 'request', EXIT.badData, 'The event is larger than its named limit.', 'Send the content as a file or stream and publish where it is.'),
  E_SUBSCRIPTION_LIMIT: row(0x0057, 'request', EXIT.tryAgain, 'The agent has as many subscriptions as its limit allows.', 'Remove some subscriptions, or use a wildcard.'),
  E_NO_EVENTS: row(0x0058, 'request', EXIT.protocol, 'The other side speaks a wire version without events, or has no store.', 'Update the older side, or start the server with a store.'),
  E_EVENT_SETTLED: row(0x0059, 'request', EXIT.badData, 'The number of this event was settled before; it cannot be published again.', 'Open a new outbox: the present one was restored from a copy.'),
  E_DEAD_LETTER_NOT_FOUND: row(0x005a, 'request', EXIT.failed, 'There is no dead letter of this id.', 'List them with `sealane-server dlq list`.'),

  // Messaging.
  E_NO_MESSAGING: row(0x0060, 'request', EXIT.protocol, 'The other side speaks a wire version without messaging, or its store does not allow it.', 'Update the older side, or use a server with a store of its own.'),
  E_LOGIN_FAILED: row(0x0061, 'request', EXIT.denied, 'There is no such account, or the password or signature is not the right one.', 'Check name and password, and try again.'),
  E_NOT_LOGGED_IN: row(0x0062, 'request', EXIT.denied, 'This device is not logged in to an account.', 'Log in with `account login` first.'),
  E_USERNAME_TAKEN: row(0x0063, 'request', EXIT.failed, 'An account of this name is there, or was.', 'Choose another name.'),
  E_BAD_USERNAME: row(0x0064, 'request', EXIT.badData, 'The name is not allowed for an account.', 'Use 3 to 32 of a to z, digits, - and _; some names are reserved.'),
  E_BAD_PASSWORD: row(0x0065, 'request', EXIT.badData, 'The password is not allowed.', 'Use 8 to 1,024 bytes.'),
  E_REGISTRATION_CLOSED: row(0x0066, 'request', EXIT.denied, 'This server makes no account for whoever asks.', 'Ask the operator for a registration token, or for an account.'),
  E_NO_ACCOUNT: row(0x0067, 'request', EXIT.failed, 'There is no account of this name.', 'Check the name.'),
  E_BAD_STATEMENT: row(0x0068, 'request', EXIT.badData, 'The statement breaks a rule of the account log.', 'Update the agent; if it persists, report it.'),
  E_STATEMENT_CONFLICT: row(0x0069, 'request', EXIT.tryAgain, 'The account log has grown since the statement was made.', 'Try again; the agent reads the log first.'),
  E_NOT_LISTED: row(0x006a, 'request', EXIT.denied, 'No account lists the device, or it was revoked.', 'Link the device with `device link`, or check which device is meant.'),
  E_NO_KEY_PACKAGE: row(0x006b, 'request', EXIT.failed, 'The devices asked for have no key package that could be given away.', 'Try again once one of them was online.'),
  E_NO_GROUP: row(0x006c, 'request', EXIT.failed, 'There is no such group, or the device does not belong to it.', 'Check the group, or ask a member to add you.'),
  E_STALE_EPOCH: row(0x006d, 'request', EXIT.tryAgain, 'The group has moved on to another epoch.', 'Try again; the agent takes what came in between first.'),
  E_DEVICE_CLONED: row(0x006e, 'request', EXIT.denied, 'Two copies of this device have written, so neither is trusted any more.', 'Remove the copy, and link the device anew with `device link`.'),
  E_BLOB_NOT_FOUND: row(0x006f, 'request', EXIT.failed, 'There is no blob of this id, or its time is over.', 'Ask the sender to send it again.'),
  E_BLOB_OFFSET: row(0x0070, 'request', EXIT.tryAgain, 'The bytes do not belong where the blob goes on.', 'Try again; the agent asks how far the blob is first.'),
  E_BLOB_HASH: row(0x0071, 'request', EXIT.badData, 'The blob does not have the announced hash.', 'Send it again from the start.'),
  E_QUOTA: row(0x0072, 'request', EXIT.failed, 'The account has as much as its limits allow.', 'Remove something, or ask the operator to raise the limit.'),
  E_NO_LINK: row(0x0073, 'request', EXIT.failed, 'No device waits under this code, or no longer.', 'Show a new code on the new device and enter it within 10 minutes.'),
  E_CALL_LIMIT: row(0x0074, 'request', EXIT.tryAgain, 'More calls were made than the limits allow.', 'Try again after the time it names.'),

  // Local: these never travel.
  E_USAGE: row(0x1000, 'command', EXIT.usage, 'The command line is wrong.', 'See --help.'),
  E_CONFIG: row(0x1001, 'command', EXIT.environment, 'The configuration is wrong.', 'Correct the setting that the message names; `config validate` checks it.'),
  E_NODE_VERSION: row(0x1002, 'command', EXIT.environment, 'This Node.js is too old.', 'Use Node.js 24 or newer.'),
  E_KEY_FILE: row(0x1003, 'command', EXIT.badData, 'The key file cannot be used.', 'Correct what the message names, or restore the file from a backup.'),
  E_KEY_MODE: row(0x1004, 'command', EXIT.environment, 'The key file can be read by others.', 'Run chmod 600 on it.'),
  E_PASSPHRASE: row(0x1005, 'command', EXIT.denied, 'The passphrase does not open the key file.', 'Check the passphrase file.'),
  E_DATA: row(0x1006, 'command', EXIT.badData, 'A file holds data that cannot be used.', 'Correct what the message names, or restore the file from a backup.'),
  E_DATA_IN_USE: row(0x1007, 'command', EXIT.tryAgain, 'Another process uses this data directory.', 'End that process first, or choose another --data-dir.'),
  E_STORAGE: row(0x1008, 'command', EXIT.storage, 'The disk refused to read or write.', 'Check free space, permissions and the health of the disk.'),
  E_PORT_BUSY: row(0x1009, 'command', EXIT.unreachable, 'Another program listens on this port.', 'Choose another --port, or end the other program.'),
  E_IDENTITY_CHANGED: row(0x100a, 'command', EXIT.denied, 'The server proved another identity than the one known.', 'If the change is expected, accept it with the command shown; if not, someone may be in the way.'),
  E_UNREACHABLE: row(0x100b, 'connection', EXIT.unreachable, 'No connection to the server could be made.', 'Check address and port, and that the server runs.'),
  E_ADDRESS: row(0x100c, 'command', EXIT.unreachable, 'The name of the server could not be resolved.', 'Check the spelling of --server and the DNS.'),
  E_TRUNCATED: row(0x100d, 'connection', EXIT.unreachable, 'The connection ended without an authenticated close.', 'Reconnect; what was not answered is unknown.'),
  E_CLOSED: row(0x100e, 'nothing', EXIT.unreachable, 'The connection was closed before this was done.', 'Connect again.'),
  E_REJECTED: row(0x100f, 'connection', EXIT.unreachable, 'Something answered in clear that it does not take the connection.', 'Try again later; the hint is not authenticated and is never taken as final.'),
  E_NOT_SEALANE: row(0x1010, 'connection', EXIT.protocol, 'The other end does not speak Sealane.', 'Check host and port of --server.'),
  E_INTERRUPTED: row(0x1011, 'command', 130, 'The command was interrupted.', 'Start it again; finished work is kept.'),
  E_FENCED: row(0x1012, 'connection', EXIT.denied, 'Another node of the server took over this agent or this lease.', 'Nothing: the agent is served there.'),
  E_OUTBOX_FULL: row(0x1013, 'nothing', EXIT.tryAgain, 'The outbox on this disk holds as many events as its limits allow.', 'Wait until the server is reachable again, or raise the limits of the outbox.'),
  E_ADMIN_TOKEN: row(0x1014, 'command', EXIT.denied, 'The admin token is missing or wrong.', 'Send `Authorization: Bearer` with the text of the file admin-token in the data directory of the server.'),
  E_NO_SERVER: row(0x1015, 'command', EXIT.unreachable, 'No server with an admin port runs on this data directory.', 'Start one with `sealane-server serve`, or name its directory with --data-dir.'),
  E_UNVERIFIED: row(0x1020, 'command', EXIT.denied, 'The identity of a verified contact has changed.', 'Compare safety numbers with `verify`, then confirm it.'),
  E_DIRECTORY_LIE: row(0x1021, 'command', EXIT.denied, 'The directory of the server contradicts what it showed before, or its proofs are wrong.', 'Stop using this server until its operator explains it.'),
  E_FORK: row(0x1022, 'command', EXIT.denied, 'Members of the group were led to different states of it.', 'Let the agent join the group again, and compare safety numbers.'),
  E_UNDECRYPTABLE: row(0x1023, 'command', EXIT.badData, 'A message could not be decrypted.', 'Ask the sender to send it again.'),
  E_NO_ACCOUNT_HERE: row(0x1024, 'command', EXIT.failed, 'There is no account in this data directory.', 'Make one with `account register`, or link this device with `device link`.'),
  E_RECOVERY_KEY: row(0x1025, 'command', EXIT.badData, 'This is not the recovery key of the account.', 'Check it for typing errors.'),
  E_INTERNAL: row(0x1fff, 'command', EXIT.failed, 'A fault in Sealane itself.', 'Report it with the output of --debug.'),
} as const satisfies Record<string, ErrorRow>;

/** Name of an error: `E_…`, stable for ever. */
export type ErrorCode = keyof typeof rows;

/** The table, by name. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = rows;

/** First number that is local and may not travel. */
export const LOCAL_ERROR_NUMBER_MIN = 0x1000;

const byNumber = new Map<number, ErrorCode>(
  (Object.entries(rows) as [ErrorCode, ErrorRow][]).map(([name, entry]) => [entry.number, name]),
);

/**
 * The name for a number from the wire, or undefined for one that this version does not know
 * (a newer peer may send such numbers) or that may not travel.
 */
export function errorByNumber(number: number): ErrorCode | undefined {
  return number < LOCAL_ERROR_NUMBER_MIN ? byNumber.get(number) : undefined;
}

function row(number: number, closes: Closes, exit: number, means: string, next: string): ErrorRow {
  return { number, closes, exit, means, next };
}
