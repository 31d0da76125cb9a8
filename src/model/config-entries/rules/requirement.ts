/** A right that a request about an entry needs (consul-behaviour 4, table of kinds). `mesh` has no name. */
export interface Requirement {
  readonly resource: 'service' | 'intention' | 'mesh';
  readonly name: string;
  readonly level: 'read' | 'write';
  /** Who may write any service, whichever it is, has this right too. */
  readonly orWriteOfAnyService?: true;
}

export type EntryAccess = 'read' | 'write';

/** The right on the service that an entry is about. */
export function serviceRight(name: string, level: EntryAccess): Requirement {
  return { resource: 'service', name, level };
}

/** What is mesh-wide: everybody may read it, writing needs mesh:write. */
export function meshRights(level: EntryAccess): readonly Requirement[] {
  return level === 'read' ? [] : [{ resource: 'mesh', name: '', level: 'write' }];
}

/** What is part of the mesh's own set-up: reading needs mesh:read, writing mesh:write. */
export function meshRight(level: EntryAccess): Requirement {
  return { resource: 'mesh', name: '', level };
}

/** Router, splitter, resolver: the right on the service, and when written, read on every service they refer to. */
export function chainRights(name: string, references: readonly string[], level: EntryAccess): readonly Requirement[] {
  const own = serviceRight(name, level);
  if (level === 'read') return [own];
  return [own, ...references.filter((other) => other !== name).map((other) => serviceRight(other, 'read'))];
}
