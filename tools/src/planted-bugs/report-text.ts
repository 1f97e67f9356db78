/** What became of the bugs, as lines of a terminal and as a page. */
import { cpus, platform } from 'node:os';
import type { HuntedBug } from './bug-hunt.ts';

export function hunterLine({ bug, verdict, told, seconds }: HuntedBug): string {
  return `${verdict.padEnd(18)} ${bug.name.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s  ${told.slice(0, 120)}`;
}

/** @param now for the date. */
export function reportPage(
  hunted: readonly HuntedBug[],
  about: { readonly minutes: number; readonly now: Date },
): string {
  const counts = new Map<string, number>();
  for (const { verdict } of hunted) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const summary = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  const rows = hunted.map(({ bug, verdict, told }) => {
    const cells = [bug.name, bug.breaks, bug.file.replace(/^packages\//, ''), verdict, told];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
  });
  const machine = `${cpus().length} cores, ${platform()}, Node.js ${process.versions.node}`;
  return `# Planted bugs

\`\`\`
npx nx run tools:planted-bugs -- --report docs/proof/planted-bugs.md
\`\`\`

${about.now.toISOString().slice(0, 10)}, ${machine}, ${about.minutes.toFixed(0)} minutes: ${hunted.length} bugs, ${summary}.

Each bug is planted alone into a copy of the sources. Its test files pass without it, and with it at least one test fails by
what it asserts, not by an error of types or of syntax. A bug whose place has moved fails the tests of this workspace at once.

| bug | breaks | in | verdict | the test that says so |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
