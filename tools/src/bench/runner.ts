/** Runs a series: all participants in turn, again and again, each time beginning with the next one. */
import { needsCertificates } from './contenders/index.ts';
import type { Figures, Participant, RunSettings, Series } from './rows/index.ts';
import type { SeriesResult } from './report/report.ts';

/**
 * Measures every participant `runs` times. What fails or is left out is told in the notes and stops nothing else.
 *
 * @throws Error when the measuring was interrupted.
 */
export async function runSeries(series: Series, runs: number, settings: RunSettings): Promise<SeriesResult> {
  const notes: string[] = [];
  const present = series.participants.filter((participant) => {
    const isPresent = settings.certificates !== undefined || !wantsCertificates(participant);
    if (!isPresent) notes.push(`${participant.name}: left out, there is no openssl to make certificates`);
    return isPresent;
  });
  const results = new Map<string, Figures[]>(present.map(({ name }) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (let index = 0; index < present.length; index++) {
      const participant = present[(index + run) % present.length];
      if (participant === undefined) continue;
      settings.signal.throwIfAborted();
      try {
        const figures = await participant.measure(settings);
        results.get(participant.name)?.push(figures);
        progress(series, participant, run, figures);
      } catch (error) {
        settings.signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        notes.push(`${participant.name}, run ${run + 1}: failed: ${reason.split('\n', 1)[0] ?? ''}`);
        console.error(`${series.row} ${series.variant}: ${participant.name} failed: ${reason}`);
      }
    }
  }
  const { row, variant, figures, aims } = series;
  const contenders = [...results].map(([name, measured]) => ({ name, runs: measured }));
  return { row, variant, figures, aims, contenders, notes };
}

function wantsCertificates({ contender }: Participant): boolean {
  return contender !== undefined && needsCertificates(contender);
}

function progress({ row, variant, figures }: Series, { name }: Participant, run: number, measured: Figures): void {
  const shown = figures.map((figure) => `${(measured[figure.name] ?? 0).toPrecision(4)} ${figure.unit}`);
  console.error(`${row} ${variant}, run ${run + 1}: ${name}: ${shown.join(', ')}`);
}
