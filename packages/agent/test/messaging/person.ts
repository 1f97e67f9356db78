/** One data directory of a person, and the commands of the agent on it: each is a process of its own. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended, Line, Program, Workbench } from '../processes.ts';

export class Person {
  readonly directory: string;
  readonly #bench: Workbench;
  readonly #port: number;

  /** @param port of the server. */
  constructor(bench: Workbench, port: number) {
    this.#bench = bench;
    this.#port = port;
    this.directory = bench.directory();
  }

  /** One who has made an account. */
  static async registered(bench: Workbench, port: number, name: string): Promise<Person> {
    const person = new Person(bench, port);
    await person.does('account', 'register', name, '--password-file', person.file('password', 'correct horse'));
    return person;
  }

  /** The same data directory once more. @param port of the server. */
  copy(bench = this.#bench, port = this.#port): Person {
    const person = new Person(bench, port);
    cpSync(this.directory, person.directory, { recursive: true });
    return person;
  }

  start(...words: readonly string[]): Program {
    const place = ['--server', `127.0.0.1:${this.#port}`, '--data-dir', this.directory];
    return this.#bench.agent([...words, ...place, '--json', '--timeout', '60']);
  }

  run(...words: readonly string[]): Promise<Ended> {
    return this.start(...words).ended;
  }

  /** Runs a command that has to work. @returns its lines. */
  async does(...words: readonly string[]): Promise<readonly Line[]> {
    const { code, lines, stdout, stderr } = await this.run(...words);
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
    return lines;
  }

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** Texts of messages, those that are lost left out. */
  async bodies(...words: readonly string[]): Promise<readonly unknown[]> {
    const lines = await this.does('message', 'list', ...words);
    return lines.filter(({ state }) => state !== 'lost').map(({ body }) => body);
  }

  /** A second device: logs in to an account, and is approved by a device of it. */
  static async linked(bench: Workbench, port: number, name: string, first: Person): Promise<Person> {
    const person = new Person(bench, port);
    await person.does('account', 'login', name, '--password-file', person.file('password', 'correct horse'));
    const linking = person.start('device', 'link');
    const { code } = await linking.line('link-code');
    await first.does('device', 'approve', String(code));
    const { lines, stderr } = await linking.ended;
    if (lines.at(-1)?.event !== 'linked') throw new Error(`not linked: ${stderr}`);
    return person;
  }
}
