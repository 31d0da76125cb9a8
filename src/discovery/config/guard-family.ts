import type { MeshView } from '../../model/index.js';

/**
 * The family of all writes to config entries, intentions included: their checks read more of the state than can be compared, and
 * permissions of intentions depend on protocols of other entries.
 */
export const CONFIG_ENTRIES_FAMILY = 'config-entries';

/**
 * Makes the answer's index that of the newest write to any config entry, as in Consul, where the index belongs to the whole
 * table. Cells that are not shown to clients do not read this, so that they are recomputed for their own entries only.
 */
export function readTableIndex(view: MeshView): void {
  view.get('guards', CONFIG_ENTRIES_FAMILY);
}
