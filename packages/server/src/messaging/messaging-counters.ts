/** What messaging counts since its start; metrics read it. */
export class MessagingCounters {
  calls = 0;
  faults = 0;
  messagesStored = 0;
  commitsStored = 0;
  /** Attempts to log in, by what became of them. */
  readonly logins = { ok: 0, failed: 0, limited: 0, busy: 0 };
}
