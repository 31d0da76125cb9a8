import { type SoakOptions, soak } from './index.js';

/** What is told on the command line, as JSON. */
export type SoakSettings = Omit<SoakOptions, 'say'>;

const settings = JSON.parse(process.argv[2] ?? '') as SoakSettings;
const startedAt = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}`);
try {
  await soak({ ...settings, say });
  say('every promise was kept');
} catch (thrown) {
  say(`seed ${settings.seed}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  // Clients of the round that failed are still at work.
  process.exit(1);
}
