import type { Cell } from '../../model/index.js';
import { type Intention, intentionsTo } from './intention.js';

/** Destination -> the intentions that decide about calls to it, best first (`intentionsTo`). */
export const intentionsToCell: Cell<readonly Intention[]> = {
  kind: 'intentions-to',
  compute: intentionsTo,
};
