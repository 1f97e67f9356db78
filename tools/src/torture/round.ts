/** A round: a ground, a scene on it, some attacks while it is under load, and the judgement. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunTotals } from '@sealane/node/testing';
import { Dice } from '@sealane/shared/testing';
import { GROUPS, type GroupName } from './groups.ts';
import type { Ground } from './ground.ts';
import type { Programs } from './programs.ts';
import { Scene } from './scene.ts';

const ATTACKS = [3, 6] as const;
/** Between the first receipts and the attack: it may strike anything that the programs do. */
const MOMENT_MS_MAX = 400;
const FAULTS_SHOWN_MAX = 20;

export interface RoundSetting {
  readonly group: GroupName;
  readonly seed: number;
  readonly programs: Programs;
  /** How long things may take to get going again when a fault is over. */
  readonly patienceMs: number;
  /** How many; undefined leaves it to the seed. */
  readonly faults: number | undefined;
  readonly signal: AbortSignal;
}

export interface RoundResult {
  readonly group: GroupName;
  readonly seed: number;
  readonly attacks: readonly string[];
  readonly totals: RunTotals;
  /** What was wrong; empty for a round that was passed. */
  readonly faults: readonly string[];
  /** Where what the programs said is kept, of a round with faults. */
  readonly evidence: string | undefined;
  readonly seconds: number;
}

/** @returns undefined when it was interrupted. */
export async function runRound(setting: RoundSetting): Promise<RoundResult | undefined> {
  const { group, seed, programs, patienceMs, signal } = setting;
  const startedAt = performance.now();
  const dice = new Dice(seed);
  const directory = mkdtempSync(join(tmpdir(), 'sealane-round-'));
  const attacks: string[] = [];
  const faults: string[] = [];
  let ground: Ground | undefined;
  let scene: Scene | undefined;
  let evidence: string | undefined;
  try {
    ground = await GROUPS[group].ground({ programs, dice, directory });
    scene = await Scene.open(ground, dice, { limitMs: patienceMs, signal });
    await attack({ scene, ground, names: attacks, faults: setting.faults });
    faults.push(...(await scene.finish()));
  } catch (error) {
    if (!signal.aborted) faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    if (faults.length > 0 && scene !== undefined) {
      evidence = mkdtempSync(join(tmpdir(), `sealane-torture-${group}-${seed}-`));
      scene.keep(evidence);
    }
    await scene?.close();
    await ground?.dispose();
    rmSync(directory, { recursive: true, force: true });
  }
  if (signal.aborted) return undefined;
  const totals = scene?.log.totals ?? { receipts: 0, deliveries: 0, repetitions: 0 };
  const shown = faults.slice(0, FAULTS_SHOWN_MAX);
  if (faults.length > shown.length) shown.push(`and ${faults.length - shown.length} more`);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { group, seed, attacks, totals, faults: shown, evidence, seconds };
}

interface Attacks {
  readonly scene: Scene;
  readonly ground: Ground;
  readonly faults: number | undefined;
  /** Gets the name of each attack before it strikes. */
  readonly names: string[];
}

async function attack({ scene, ground, faults, names }: Attacks): Promise<void> {
  const { dice } = scene;
  const count = faults ?? dice.whole(...ATTACKS);
  for (let index = 0; index < count; index++) {
    await scene.flows();
    await scene.pause(dice.whole(0, MOMENT_MS_MAX));
    const chosen = dice.pick(ground.attacks);
    names.push(chosen.name);
    await chosen.strike(scene);
    scene.checkAlive();
  }
  await scene.flows();
}
