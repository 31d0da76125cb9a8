import { type ExportedService, exportedServices } from '../../mesh/exports/index.js';
import type { Cell } from '../../model/index.js';
import { readTableIndex } from './guard-family.js';

/** What is exported, wildcards resolved. Key: ''. */
export const exportedServicesCell: Cell<readonly ExportedService[]> = {
  kind: 'exported-services',
  compute: (view) => {
    readTableIndex(view);
    return exportedServices(view);
  },
};
