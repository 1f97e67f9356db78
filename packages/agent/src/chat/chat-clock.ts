/** ChatClock: the time of a chat, how it is written, and what happens later; a parameter, so that tests have their own. */

export interface ChatClock {
  /** Unix time in ms. */
  readonly now: () => number;
  /** `14:02`. */
  readonly timeOf: (at: number) => string;
  /** `Thursday 26 November 2026`. */
  readonly dayOf: (at: number) => string;
  /** @returns what takes it back. */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** The clock of this machine. @param timeZone by default that of the machine. */
export function systemClock(timeZone?: string): ChatClock {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const day = new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    ...zone,
  });
  return {
    now: () => Date.now(),
    timeOf: (at) => time.format(at),
    dayOf: (at) => day.format(at),
    after(ms, task) {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
}
