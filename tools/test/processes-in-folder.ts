/** Command lines of the processes of this machine that name a folder: what a tool that works there has left running. */
import { readFileSync, readdirSync } from 'node:fs';

export function processesInFolder(folder: string): readonly { readonly id: number; readonly line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        return [{ id: Number(id), line: readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
      } catch {
        return [];
      }
    })
    .filter(({ line }) => line.includes(folder));
}
