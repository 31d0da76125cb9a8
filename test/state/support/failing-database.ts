import { type OpenDatabase, openLevelDatabase } from '../../../src/state/backend/embedded/key-value-database.js';

/** A disk that refuses writes when told to: before anything is written, or after everything is (a failed fsync). */
export class FailingDisk {
  mode: 'works' | 'refuses' | 'loses the confirmation' = 'works';
  /** While set, writes wait for it before they happen. */
  gate: Promise<void> | undefined;
  writes = 0;

  readonly open: OpenDatabase = async (location, create) => {
    const database = await openLevelDatabase(location, create);
    return {
      ...database,
      write: async (operations) => {
        this.writes += 1;
        await this.gate;
        if (this.mode === 'refuses') throw new Error('IO error: 000003.log: No space left on device');
        await database.write(operations);
        if (this.mode === 'loses the confirmation') throw new Error('IO error: 000003.log: Input/output error');
      },
    };
  };
}
