/** Writes a page that a tool made: Markdown, in the form of the workspace. Its folder is made where it is missing. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatted } from './formatted.ts';
import { makeDirectories } from '@sealane/node/keys';

export async function writePage(file: string, markdown: string): Promise<void> {
  const page = await formatted(file, markdown);
  makeDirectories(dirname(file));
  await writeFile(file, page);
}
