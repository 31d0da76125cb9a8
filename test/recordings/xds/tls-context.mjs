// TLS contexts in canonical form: certificates and roots by what they stand for, inline or from a secret alike.
import { X509Certificate, createPrivateKey } from 'node:crypto';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The text of a DataSource, as { text } or { file }. */
export function source(d) {
  if (!d) return {};
  if (typeof d === 'string') return { done: d };
  if (d.inline_string !== undefined) return { text: d.inline_string };
  if (d.inline_bytes !== undefined) return { text: Buffer.from(d.inline_bytes, 'base64').toString('utf8') };
  if (d.filename !== undefined) return { file: d.filename };
  if (d.environment_variable !== undefined) return { file: '$' + d.environment_variable };
  return {};
}

const sans = (cert) => (cert.subjectAltName ?? '').split(', ').filter(Boolean);

/** Collects the certificates of one dump, to ask at the end whether the roots vouch for the leaves. */
export class Pems {
  roots = [];
  leaves = [];
  certificate(c) {
    if (typeof c === 'string') return c;
    const chain = source(c.certificate_chain),
      key = source(c.private_key);
    if (chain.file !== undefined) return `files ${chain.file} ${key.file ?? ''}`.trim();
    const pems = (chain.text ?? '').match(PEM);
    if (!pems) return 'no certificate';
    const leaf = new X509Certificate(pems[0]);
    let note = '';
    try {
      if (!leaf.checkPrivateKey(createPrivateKey(key.text ?? ''))) note = ' WITH THE KEY OF ANOTHER';
    } catch {
      note = ' WITHOUT A USABLE KEY';
    }
    const names = sans(leaf),
      uri = names.filter((n) => n.startsWith('URI:spiffe://')).map((n) => n.slice(4));
    if (!uri.length) return `certificate ${leaf.fingerprint256.replaceAll(':', '').toLowerCase()}${note}`;
    this.leaves.push(pems.map((p) => new X509Certificate(p)));
    const dns = names.filter((n) => !n.startsWith('URI:')).sort();
    return `leaf of ${uri.join(' ')}${dns.length ? ' also ' + dns.join(' ') : ''}${note}`;
  }
  authority(d) {
    const s = source(d);
    if (s.done !== undefined) return s.done;
    if (s.file !== undefined) return `file ${s.file}`;
    const pems = (s.text ?? '').match(PEM);
    if (!pems) return 'no authority';
    const out = new Set();
    for (const p of pems) {
      const c = new X509Certificate(p);
      const uri = sans(c).find((n) => n.startsWith('URI:spiffe://'));
      if (uri) {
        this.roots.push(c);
        out.add(`root of ${uri.slice(4)}`);
      } else out.add(`certificate ${c.fingerprint256.replaceAll(':', '').toLowerCase()}`);
    }
    return [...out].sort().join(', ');
  }
  /** Leaves that no delivered root vouches for. */
  unsigned() {
    if (!this.roots.length) return [];
    const bad = this.leaves.filter(
      (chain) =>
        !this.roots.some((r) => {
          const last = chain[chain.length - 1];
          return (
            (last.checkIssued(r) && last.verify(r.publicKey)) || (chain.length > 1 && chain[0].verify(r.publicKey))
          );
        }),
    );
    return [...new Set(bad.map((c) => `no delivered root signed the certificate with ${sans(c[0]).join(' ')}`))];
  }
}

/** An SDS reference over the same stream is replaced by the secret it names. */
function secretOf(ref, secrets, field, missing) {
  const cfg = ref.sds_config;
  if (!cfg || (cfg.ads === undefined && cfg.self === undefined)) return undefined;
  const s = secrets[ref.name];
  if (!s || !s[field]) {
    missing.add(ref.name);
    return {};
  }
  return s[field];
}

/** A CommonTlsContext with { certificates, validation } in the place of the many ways to say so. */
export function tlsContext(ctx, secrets, pems, missing) {
  if (ctx.certificates || ctx.validation) return ctx;
  const {
    tls_certificates,
    tls_certificate_sds_secret_configs,
    validation_context,
    combined_validation_context,
    validation_context_sds_secret_config,
    ...rest
  } = ctx;
  const certificates = (tls_certificates ?? []).map((c) => pems.certificate(c));
  for (const ref of tls_certificate_sds_secret_configs ?? []) {
    const s = secretOf(ref, secrets, 'tls_certificate', missing);
    certificates.push(s ? pems.certificate(s) : ref);
  }
  let v = validation_context;
  const viaSds = (ref, base) => {
    const s = secretOf(ref, secrets, 'validation_context', missing);
    if (!s) return { ...base, sds: ref };
    const out = { ...base };
    for (const [k, x] of Object.entries(s)) out[k] = Array.isArray(x) ? [...(out[k] ?? []), ...x] : x;
    return out;
  };
  if (validation_context_sds_secret_config) v = viaSds(validation_context_sds_secret_config, {});
  if (combined_validation_context) {
    const c = combined_validation_context;
    v = viaSds(c.validation_context_sds_secret_config ?? {}, c.default_validation_context ?? {});
  }
  if (certificates.length) rest.certificates = certificates;
  if (v) {
    v = { ...v };
    if (v.trusted_ca) v.trusted_ca = pems.authority(v.trusted_ca);
    // a matcher of a spiffe:// URI is the same with and without the type of the name
    const plain = (v.match_subject_alt_names ?? []).map((m) => ({ matcher: m }));
    const typed = (v.match_typed_subject_alt_names ?? []).map((m) =>
      m.san_type === 'URI' &&
      /^\^?spiffe:/.test(Object.values(m.matcher ?? {}).find((x) => typeof x === 'string') ?? '')
        ? { matcher: m.matcher }
        : m,
    );
    delete v.match_subject_alt_names;
    delete v.match_typed_subject_alt_names;
    if (plain.length + typed.length) v.san_matchers = [...plain, ...typed];
    rest.validation = v;
  }
  if (rest.tls_params && !Object.keys(rest.tls_params).length) delete rest.tls_params;
  return rest;
}
