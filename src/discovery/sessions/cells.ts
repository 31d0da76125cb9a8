import type { Cell, SessionRecord } from '../../model/index.js';

/** One session as a list of at most one. Key: its id. */
export const sessionCell: Cell<readonly SessionRecord[]> = {
  kind: 'session',
  compute: (view, id) => {
    const session = view.get('sessions', id);
    return session === undefined ? [] : [session];
  },
};

/** Every session, by id. Key: ''. */
export const sessionsCell: Cell<readonly SessionRecord[]> = {
  kind: 'sessions',
  compute: (view) => view.range('sessions', 'all', []),
};

/** The sessions of a node. Key: `nodeKey` of its name. */
export const nodeSessionsCell: Cell<readonly SessionRecord[]> = {
  kind: 'node-sessions',
  compute: (view, node) => view.range('sessions', 'byNode', [node]),
};
