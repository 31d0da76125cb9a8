/** A share in per cent, in steps of 0.01, as `envoy.type.v3.FractionalPercent`; absent = all. */
export function fractionalPercent(percent: number | undefined) {
  return { numerator: Math.round((percent ?? 100) * 100), denominator: 'TEN_THOUSAND' as const };
}
