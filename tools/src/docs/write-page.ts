/** Writes a page that a tool made: Markdown, in the form of the workspace. Its folder is made where it is missing. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { format, type Options } from 'prettier';

export async function writePage(file: string, markdown: string): Promise<void> {
  const settings = JSON.parse(await readFile('package.json', 'utf8')) as { readonly prettier?: Options };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await format(markdown, { ...settings.prettier, parser: 'markdown' }));
}
