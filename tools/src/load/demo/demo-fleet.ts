/** The sample data: a small fleet whose agents, topics, waiting events, dead letters and usage are worth a look. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryLater, connect, type Agent } from '@sealane/agent';
import type { FleetTarget } from '../agents/fleet.ts';

const CITIES = ['berlin', 'oslo', 'lisbon'];
const SENSORS_PER_CITY = 3;
const MEASUREMENTS = 40;
const ROUTES = 25;
const PRINT_JOBS = 3;
/** An event fails so often before it is a dead letter. */
const FAILURES = 20;
const MINUTE_MS = 60_000;
const WAIT_MS_MAX = 30_000;
const LOOK_MS = 20;

export class DemoFleet {
  readonly #target: FleetTarget;
  readonly #suffix: string;
  readonly #agents: Agent[] = [];
  readonly #sensors: { readonly agent: Agent; readonly topic: string }[] = [];
  #seen = 0;
  #failures = 0;

  /** @param suffix of all names, so that the demo can be repeated on the same server. */
  constructor(target: FleetTarget, suffix: string) {
    this.#target = target;
    this.#suffix = suffix;
  }

  async fill(): Promise<void> {
    await this.#readers();
    await this.#failingPrinter();
    await this.#truckThatIsAway();
    await this.#makeSensors();
    for (let round = 0; round < MEASUREMENTS; round++) await this.measure();
    await this.#until(() => this.#failures >= PRINT_JOBS * FAILURES);
    await this.#until(() => this.#seen >= MEASUREMENTS * this.#sensors.length);
  }

  /** Every sensor tells its temperature. */
  async measure(): Promise<void> {
    await Promise.all(
      this.#sensors.map(({ agent, topic }) => agent.publish(`topic:${topic}`, { celsius: 15 + 10 * Math.random() })),
    );
  }

  /** Name of one of its agents, as the server knows it. */
  name(name: string): string {
    return `${name}-${this.#suffix}`;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
  }

  /** One that reads everything, and two that share the work of a group. */
  async #readers(): Promise<void> {
    const dashboard = await this.#connect('dashboard');
    await dashboard.subscribe('fleet.>', () => {
      this.#seen += 1;
    }).ready;
    for (const name of ['archive-1', 'archive-2']) {
      const archive = await this.#connect(name);
      await archive.subscribe('fleet.>', () => undefined, { group: this.name('archive') }).ready;
    }
  }

  /** What is sent to it fails until it is a dead letter. */
  async #failingPrinter(): Promise<void> {
    const printer = await this.#connect('printer');
    await printer.subscribe(
      null,
      () => {
        this.#failures += 1;
        throw new RetryLater(1, 'the printer is out of paper');
      },
      { concurrency: PRINT_JOBS },
    ).ready;
    const office = await this.#connect('office');
    for (let job = 1; job <= PRINT_JOBS; job++) {
      await office.publish(`agent:${this.name('printer')}`, { job, document: `invoice-${job}.pdf` });
    }
  }

  /** It subscribed and left: what is published meanwhile waits for it. */
  async #truckThatIsAway(): Promise<void> {
    const truck = await this.#connect('truck');
    await truck.subscribe(`routes.${this.#suffix}.>`, () => undefined).ready;
    await truck.close();
    const planner = await this.#connect('planner');
    for (let stop = 1; stop <= ROUTES; stop++) {
      await planner.publish(`topic:routes.${this.#suffix}.truck`, { stop, city: CITIES[stop % CITIES.length] ?? '' });
    }
    await planner.publish(`topic:routes.${this.#suffix}.truck`, { stop: 'tomorrow' }, { delayMs: 10 * MINUTE_MS });
  }

  async #makeSensors(): Promise<void> {
    for (const city of CITIES) {
      for (let number = 1; number <= SENSORS_PER_CITY; number++) {
        const agent = await this.#connect(`sensor-${city}-${number}`);
        this.#sensors.push({ agent, topic: `fleet.${city}.temperature` });
      }
    }
  }

  async #connect(name: string): Promise<Agent> {
    const { host, port, serverKey } = this.#target;
    const agent = await connect({ server: { host, port }, serverKey, id: this.name(name) });
    this.#agents.push(agent);
    return agent;
  }

  /** @throws Error when it takes too long. */
  async #until(condition: () => boolean): Promise<void> {
    const beginsAt = performance.now();
    while (!condition()) {
      if (performance.now() - beginsAt > WAIT_MS_MAX) throw new Error('the server does not deliver what it took');
      await sleep(LOOK_MS);
    }
  }
}
