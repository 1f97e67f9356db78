/** RedisBans: the bans of all nodes of one Redis. Their ends are times of Redis' clock. */
import { banOf, storedBanSchema, type Ban, type BanKeeper, type BanKind } from '../../admission/index.ts';
import type { RedisLink } from './redis-link.ts';

export class RedisBans implements BanKeeper {
  readonly #link: RedisLink;
  readonly #prefix: string;
  /** As Redis holds those that were read, by ban. */
  readonly #texts = new WeakMap<Ban, string>();
  #onChange: () => void = () => undefined;

  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#prefix = prefix;
  }

  async read(): Promise<readonly Ban[]> {
    const texts = (await this.#link.command(['HVALS', `${this.#prefix}bans`])) as readonly string[];
    return texts.flatMap((text) => this.#parse(text) ?? []);
  }

  async write(ban: Ban): Promise<void> {
    await this.#link.call('writeBan', [ban.kind, ban.name, this.#textOf(ban)]);
  }

  async remove(kind: BanKind, name: string, only?: Ban): Promise<boolean> {
    const text = only === undefined ? '' : (this.#texts.get(only) ?? this.#textOf(only));
    return Number(await this.#link.call('removeBan', [kind, name, text])) > 0;
  }

  follow(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Another node changed them, or may have while this one was away. */
  changed(): void {
    this.#onChange();
  }

  close(): Promise<void> {
    this.#onChange = () => undefined;
    return Promise.resolve();
  }

  #textOf(ban: Ban): string {
    const { until } = ban;
    const text = JSON.stringify({ ...ban, until: until === undefined ? undefined : this.#link.clock.toRedis(until) });
    this.#texts.set(ban, text);
    return text;
  }

  /** Undefined for what is damaged, or of a form that this version does not know: it keeps nobody out. */
  #parse(text: string): Ban | undefined {
    try {
      const stored = banOf(storedBanSchema.parse(JSON.parse(text)));
      const { until } = stored;
      const ban = { ...stored, until: until === undefined ? undefined : this.#link.clock.fromRedis(until) };
      this.#texts.set(ban, text);
      return ban;
    } catch {
      return undefined;
    }
  }
}
