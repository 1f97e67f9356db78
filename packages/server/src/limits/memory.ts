/** How much memory this process may have: that of the machine, or of the control group (container) that it runs in. */
import { totalmem } from 'node:os';

export function memoryLimitBytes(): number {
  // 0 where Node does not know a limit; a group without one reports more than there is.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
