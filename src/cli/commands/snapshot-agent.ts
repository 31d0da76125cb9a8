import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDurationMs } from '../../core/duration.js';
import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { durationFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';
import { listenForInterrupt } from '../interrupt.js';
import { pause } from '../pause.js';

const HOUR_MS = 3_600_000;
const SHORTEST_INTERVAL_MS = 1000;
const NAME = /^meshwright-\d{8}T\d{9}Z\.snap$/;

/** `snapshot agent`: backups into a folder, again and again. */
export const snapshotAgent = defineCommand({
  usage: '-local-path FOLDER [options]',
  about:
    'Saves a snapshot into a folder at once and then at every interval, and keeps the newest ones. A snapshot that cannot be taken is reported on stderr and tried again at the next interval. Ends with SIGINT or SIGTERM.',
  examples: [
    { says: 'Every hour, thirty of them:', type: 'snapshot agent -local-path /backups' },
    { says: 'One, from a timer of the system:', type: 'snapshot agent -local-path /backups -one-shot' },
  ],
  flags: {
    interval: durationFlag('How long to wait between snapshots.', parseDurationMs, HOUR_MS, '1h'),
    localPath: textFlag('Folder for the snapshots; made when it is not there.', 'folder'),
    oneShot: switchFlag('Save one snapshot and end. The exit code says whether it worked.'),
    retain: numberFlag('How many snapshots are kept; 0 keeps all.', 30),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.localPath === '') return refuse(io, 'The -local-path flag is required: the folder for the snapshots');
    if (flags.interval < SHORTEST_INTERVAL_MS) return refuse(io, 'The -interval flag must be 1s or more');
    if (flags.retain < 0) return refuse(io, 'The -retain flag must be 0 or more');
    const folder = resolve(io.cwd, flags.localPath);
    const { saveSnapshot } = await import('../snapshots/save-snapshot.js');
    const saveOne = async (): Promise<boolean> => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const name = `meshwright-${new Date().toISOString().replace(/[-:.]/g, '')}.snap`;
        const { meta } = await saveSnapshot(agent, join(folder, name));
        const removed = await removeOld(folder, flags.retain);
        io.out(
          `Saved and verified ${name} to index ${meta.index}${removed === 0 ? '' : `, removed ${removed} older`}\n`,
        );
        return true;
      } catch (thrown) {
        io.err(`Error saving snapshot: ${messageOf(thrown)}\n`);
        return false;
      }
    };
    const isSaved = await saveOne();
    if (flags.oneShot) return isSaved ? 0 : 1;
    const { signal } = listenForInterrupt(['SIGINT', 'SIGTERM']);
    for (;;) {
      await pause(flags.interval, signal);
      if (signal.aborted) return 0;
      await saveOne();
    }
  },
});

/** Removes the oldest snapshots of this command beyond those to be kept; other files are left alone. */
async function removeOld(folder: string, retain: number): Promise<number> {
  if (retain === 0) return 0;
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const old = names.slice(0, Math.max(0, names.length - retain));
  for (const name of old) await rm(join(folder, name), { force: true });
  return old.length;
}
