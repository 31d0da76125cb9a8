/** Revisions of a stored record: the store fills both when a commit is applied; writers leave them out. */
export interface Revisions {
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** What a writer hands to a transaction: the record without its revisions. */
export type Draft<Stored> = Omit<Stored, keyof Revisions>;

export interface ServiceAddress {
  readonly address: string;
  readonly port: number;
}

export interface Locality {
  readonly region: string;
  readonly zone: string;
}

export type StringMap = Readonly<Record<string, string>>;
