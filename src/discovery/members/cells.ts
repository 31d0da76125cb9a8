import type { Cell, MemberRecord } from '../../model/index.js';

/** All members ever seen and not forgotten, ordered by name. Key: ''. */
export const membersCell: Cell<readonly MemberRecord[]> = {
  kind: 'members',
  compute: (view) => view.range('members', 'all', []),
};
