import { ClassicLevel } from 'classic-level';

/** Reads of an ordered key-value store. Keys and values are UTF-8 text. */
export interface KeyValueReader {
  get(key: string): Promise<string | undefined>;
  /** Entries with `from` <= key < `to` in order, in pages. */
  pages(from: string, to: string): AsyncIterable<readonly (readonly [key: string, value: string])[]>;
  close(): Promise<void>;
}

const PAGE_SIZE = 2000;

/** Opens a LevelDB database; makes a new one only if `create`. Throws what LevelDB throws, unwrapped from the package's own open error. */
export async function openLevelDatabase(location: string, create: boolean): Promise<KeyValueReader> {
  const level = new ClassicLevel(location, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  try {
    await level.open({ createIfMissing: create });
  } catch (thrown) {
    throw thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  }
  return {
    get: (key) => level.get(key),
    async *pages(from, to) {
      const iterator = level.iterator({ gte: from, lt: to });
      try {
        for (let page = await iterator.nextv(PAGE_SIZE); page.length > 0; page = await iterator.nextv(PAGE_SIZE))
          yield page;
      } finally {
        await iterator.close();
      }
    },
    close: () => level.close(),
  };
}
