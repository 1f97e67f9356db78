/** The chat on a real terminal, as a process; messaging is in memory. Needs script(1). */
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { programWords } from '@sealane/node/testing';
import { PseudoTerminal, hasPseudoTerminals } from './pseudo-terminal.ts';

const program = fileURLToPath(new URL('chat-program.ts', import.meta.url));
if (!hasPseudoTerminals) console.warn('SKIPPED the chat on a terminal: script(1) is missing');

let chat: PseudoTerminal | undefined;
afterEach(() => chat?.kill());

(hasPseudoTerminals ? describe : describe.skip)('the chat on a terminal', () => {
  it('C3: is typed into and left, and the terminal is as before', async () => {
    chat = new PseudoTerminal([program]);
    await chat.until('#1 alice: are you there?');
    await chat.until('alice>');
    chat.type('yes, 漢字 👍🏽\r');
    await chat.until('#2 you: yes, 漢字 👍🏽 (sent)');
    await chat.until('#3 alice: YES, 漢字 👍🏽');
    chat.type('\u001b[200~two\rlines\u001b[201~');
    await chat.until(/alice> two\n {2}lines$/);
    chat.type('\u0003\u0003');
    expect(await chat.outcome()).toEqual({ exit: 0, isRestored: true });
    expect(chat.raw.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(chat.raw.lastIndexOf('\u001b[?2004h'));
    expect(chat.terminal.refused).toEqual([]);
  }, 40_000);

  it('has no colours where NO_COLOR says so', async () => {
    chat = new PseudoTerminal([program], { environment: { NO_COLOR: '1' } });
    await chat.until('#1 alice: are you there?');
    chat.type('\u0004');
    expect(await chat.outcome()).toEqual({ exit: 0, isRestored: true });
    // oxlint-disable-next-line no-control-regex -- what colours are made of.
    expect(chat.raw).not.toMatch(/\u001b\[\d+m/);
  }, 40_000);

  it('is drawn anew when the terminal gets another size', async () => {
    chat = new PseudoTerminal([program]);
    await chat.until('alice>');
    chat.type('half a message that is wider than thirty columns');
    await chat.until('wider than thirty');
    chat.resize(30, 10);
    await chat.until(/^alice> half a message that is\n {3}wider than thirty columns$/m);
    chat.type('\r');
    await chat.until('HALF A MESSAGE');
    chat.type('\u0004');
    expect(await chat.outcome()).toEqual({ exit: 0, isRestored: true });
  }, 40_000);

  it('C3: Ctrl-Z stops it with the terminal as before, and it goes on', async () => {
    chat = new PseudoTerminal([program], { isStoppable: true });
    await chat.until('alice>');
    chat.type('half\u001a');
    chat.type(' whole\r');
    await chat.until('HALF WHOLE');
    expect(chat.raw).toContain('stopped=148');
    chat.type('/quit\r');
    expect(await chat.outcome()).toEqual({ exit: 0, isRestored: true });
  }, 40_000);

  it('has plain lines without a sequence, edited by the terminal itself', async () => {
    chat = new PseudoTerminal([program, '--plain']);
    await chat.until('#1 alice: are you there?');
    chat.type('yex\u007fs\n');
    await chat.until('#3 alice: YES');
    chat.type('\u0004');
    expect(await chat.outcome()).toEqual({ exit: 0, isRestored: true });
    expect(chat.raw).not.toContain('\u001b');
  }, 40_000);

  it('ends when the terminal goes away', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sealane-chat-'));
    const pidFile = join(directory, 'pid');
    chat = new PseudoTerminal([program], { environment: { PID_FILE: pidFile } });
    await chat.until('alice>');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    rmSync(directory, { recursive: true });
    expect(isRunning(pid)).toBe(true);
    chat.kill();
    const deadline = Date.now() + 10_000;
    while (isRunning(pid) && Date.now() < deadline) await sleep(20);
    expect(isRunning(pid)).toBe(false);
  }, 40_000);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

(hasPseudoTerminals ? describe : describe.skip)('a password on a terminal', () => {
  it('I3: is asked for twice and never shown; Ctrl-C ends the command, two that differ are said', async () => {
    const words = [...programWords('agent'), 'account', 'register', 'dora'];
    chat = new PseudoTerminal(words);
    await chat.until('Password:');
    chat.type('correct horse\r');
    await chat.until('Password, again:');
    chat.type('\u0003');
    expect(await chat.outcome()).toMatchObject({ exit: 130 });
    expect(chat.raw).toContain('E_INTERRUPTED');
    expect(chat.raw).not.toContain('correct horse');
    chat = new PseudoTerminal(words);
    await chat.until('Password:');
    chat.type('correct horse\r');
    await chat.until('Password, again:');
    chat.type('correct house\r');
    expect(await chat.outcome()).toMatchObject({ exit: 2 });
    expect(chat.raw).toContain('The two are not the same');
  }, 40_000);
});
