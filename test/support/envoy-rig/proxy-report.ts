/** What `GET /v1/mesh/proxies/:node/:id` says (docs/http-api.md); lists leave out `Resources` and `Problems`. */
export interface ProxyReport {
  readonly Node: string;
  readonly ProxyID: string;
  readonly Service: string;
  readonly Connected: boolean;
  readonly ConnectedAt: string;
  readonly UserAgent: string;
  readonly Version: string;
  readonly Tested: boolean;
  readonly Encrypted: boolean;
  readonly Pending: boolean;
  readonly AcceptedIndex: number;
  readonly Counts: Readonly<Record<string, number>>;
  readonly Refused: number;
  readonly RevocationPending?: {
    readonly Index: number;
    readonly AcceptedAt: string;
    readonly EndsAt: string;
    readonly Reason: string;
  };
  readonly Resources?: readonly ResourceReport[];
  readonly Problems?: readonly string[];
}

export interface ResourceReport {
  readonly Type: string;
  readonly Name: string;
  readonly Progress: string;
  readonly WantedVersion: string;
  readonly SentVersion: string;
  readonly AcceptedVersion: string;
  readonly Refusal?: { readonly Error: string };
}
