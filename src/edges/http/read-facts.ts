/** What Consul puts into some answers about the read behind them; clients expect the fields. */
export function readFacts(headers: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return {
    Index: Number(headers['X-Consul-Index'] ?? 1),
    LastContact: 0,
    KnownLeader: true,
    ConsistencyLevel: headers['X-Consul-Effective-Consistency'] ?? 'leader',
    NotModified: false,
    Backend: 0,
    ResultsFilteredByACLs: false,
  };
}
