/** ProcessState: how one of the processes that there are to be is, as the primary sees it. */
export interface ProcessState {
  /** From 1 on. */
  readonly process: number;
  /** Undefined while there is none. */
  readonly pid: number | undefined;
  readonly state: 'starting' | 'serving' | 'draining';
  readonly uptimeSeconds: number;
  readonly connections: number;
  /** How often it was started again. */
  readonly restarts: number;
}
