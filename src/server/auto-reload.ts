import { statSync } from 'node:fs';
import type { Clock } from '../core/index.js';

const LOOK_EVERY_MS = 1_000;

export interface WatchOptions {
  readonly clock: Clock;
  /** `auto_reload_config`; asked each time. */
  readonly isOn: () => boolean;
  readonly paths: () => readonly string[];
  readonly onChange: () => void;
}

/**
 * Looks once a second whether files have changed and tells when they have come to rest: a file that is being written is not read
 * by half. Works for mounted secrets, whose links are exchanged, where notifications of the system do not. Returns what ends it.
 */
export function watchFiles({ clock, isOn, paths, onChange }: WatchOptions): () => void {
  let known: string | undefined;
  let moving: string | undefined;
  let cancel = (): void => undefined;
  const look = (): void => {
    if (isOn()) {
      const now = paths().map(stateOf).join('\n');
      known ??= now;
      if (now === known) moving = undefined;
      else if (now === moving) {
        known = now;
        moving = undefined;
        onChange();
      } else moving = now;
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  look();
  return () => cancel();
}

function stateOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${path} ${mtimeMs} ${size} ${ino}`;
  } catch {
    return `${path} -`;
  }
}
