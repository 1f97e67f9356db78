/** Writes a page that a tool made: Markdown, in the form of the workspace. Its folder is made where it is missing. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatted } from './formatted.ts';

export async function writePage(file: string, markdown: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await formatted(file, markdown));
}
