/** What messaging commands share: an agent, its messaging client, and what they tell about it. */
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import {
  checkedUsername,
  openMessaging,
  setAsideError,
  type Message,
  type MessagingClient,
  type MessagingEvent,
} from '../messaging/index.ts';
import { withAgent, type ConnectionContext } from './connection.ts';

/** How a command uses messaging. */
export interface MessagingUse {
  /** Whether what waits is taken first. Default true. */
  readonly sync?: boolean;
  /** Whether a lost connection is made again. Default false. */
  readonly reconnect?: boolean;
  /** `false` works on what is here, with or without a server. Default true. */
  readonly online?: boolean;
  /** Whether an account has to be here already. Default true. */
  readonly needsAccount?: boolean;
}

/** Runs `work` with a messaging client and closes it afterwards. @throws what connecting or working threw. */
export async function withMessaging<Result>(
  context: ConnectionContext,
  { sync = true, reconnect = false, online = true, needsAccount = true }: MessagingUse,
  work: (messaging: MessagingClient, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { dataDir, passphrase } = context.settings;
  return await withAgent(context, { reconnect, waitForServer: online }, async (agent, signal) => {
    const messaging = await openMessaging(agent, { dataDir, passphrase });
    const { output, log } = context;
    const said = new Set<string>();
    // What goes on is said once.
    const warn = (words: string): void => {
      if (!said.has(words)) output.warn(words);
      said.add(words);
    };
    messaging.on('event', (event) => tell({ warn, log }, event));
    try {
      if (needsAccount && messaging.username === undefined) throw noAccountHere();
      if (sync && online && messaging.username !== undefined) await messaging.sync(signal);
      return await work(messaging, signal);
    } finally {
      await messaging.close();
    }
  });
}

/** What a person has to see, whatever the command. */
function tell(
  { warn, log }: Pick<ConnectionContext, 'log'> & { readonly warn: (words: string) => void },
  event: MessagingEvent,
): void {
  switch (event.type) {
    case 'contact-changed':
      if (event.change === 'identity') warn(`The identity of ${escapeText(event.username)} changed: run verify.`);
      break;
    case 'account-changed':
      warn('Another device changed your account: run device list, and revoke what you do not know.');
      break;
    case 'group-state':
      if (event.state === 'asking') {
        warn(`The group ${event.group} cannot be repaired without you: run group rejoin ${event.group}.`);
      }
      break;
    case 'set-aside':
      warn(setAsideError(event.table, event.rows).message);
      break;
    case 'trouble':
      if (event.error.code === 'E_NOT_LOGGED_IN')
        warn('This device is logged out, so nothing comes or goes: run account login USER.');
      else if (event.error.code === 'E_LOGIN_FAILED')
        warn('The server no longer takes this device for one of your account: it was revoked, or the account ended.');
      else if (event.error.code === 'E_UNDECRYPTABLE') warn(event.error.message);
      else log.warn('messaging', { code: event.error.code, error: event.error });
      break;
    default:
      break;
  }
}

/** A message as the lines of surfaces: `{"event":"message", …}`. */
export function messageRecord(message: Message) {
  const { id, from, group, kind, body, state, reason, at, isOwn, replyTo, file, isDeleted, editedAt, reactions } =
    message;
  return {
    event: 'message',
    ...{ id, from, group, kind, body, state },
    ...(reason !== '' && { reason }),
    ...{ at, own: isOwn },
    ...(message.group === null && { with: message.conversation.slice(1) }),
    ...(replyTo !== null && { replyTo }),
    ...(file !== undefined && { file: { name: file.name, bytes: file.sizeBytes } }),
    ...(isDeleted && { deleted: true }),
    ...(editedAt !== undefined && { editedAt }),
    ...(Object.keys(reactions).length > 0 && { reactions }),
  };
}

function noAccountHere(): ConfigError {
  return explained(new ConfigError('E_NO_ACCOUNT_HERE', 'This data directory has no account'), {
    next: 'Run: account register USER, or account login USER.',
  });
}

/** A message as a line for people; one in a group with the name of that. */
export async function shownMessage(messaging: MessagingClient, message: Message): Promise<string> {
  if (message.group === null) return messageLine(message, '');
  return messageLine(message, (await messaging.conversation(message.conversation))?.name ?? '');
}

function messageLine(message: Message, groupName: string): string {
  const { conversation, group, from, at, state, reason, isOwn, isDeleted, reactions } = message;
  const time = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  const place = group === null ? '' : `#${escapeText(groupName === '' ? group.slice(0, 8) : groupName)} `;
  const own = group === null ? `to ${escapeText(conversation.slice(1))}` : 'you';
  const who = isOwn ? own : escapeText(from.user === '' ? '?' : from.user);
  const marks = Object.values(reactions).map(escapeText).join(' ');
  const known = state === 'decrypted' || state === 'sent' ? '' : ` [${state}${reason === '' ? '' : `: ${reason}`}]`;
  const text = isDeleted ? '(deleted)' : shownText(message);
  return `${time}  ${place}${who}: ${text}${known}${marks === '' ? '' : ` ${marks}`}`;
}

function shownText({ id, body, kind, state, file }: Message): string {
  if (state === 'waiting') return '(cannot be decrypted yet, waiting)';
  if (state === 'healing') return '(cannot be decrypted yet, joining the chat again)';
  if (state === 'lost') return '(could not be decrypted)';
  if (kind === 'unknown') return '(of a kind that this version does not know)';
  return file === undefined
    ? escapeText(body)
    : `file ${escapeText(body)} (${file.sizeBytes} bytes, message save ${id})`;
}

/** The conversation that `--to` and `--group` name. @throws ConfigError `E_USAGE` for both, or none. */
export async function conversationOf(
  messaging: MessagingClient,
  { to, group }: { readonly to?: string | undefined; readonly group?: string | undefined },
  signal?: AbortSignal,
): Promise<string> {
  if ((to === undefined) === (group === undefined)) {
    throw explained(new ConfigError('E_USAGE', 'Name either --to USER or --group GROUP'), {});
  }
  if (group !== undefined) return await messaging.groupNamed(group);
  return await messaging.conversationWith(checkedUsername(to ?? ''), signal);
}
