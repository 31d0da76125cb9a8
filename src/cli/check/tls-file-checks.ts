import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UNNAMED } from './configuration-checks.js';
import {
  type CheckContext,
  type ConfiguredTlsFiles,
  type Finding,
  fine,
  type InstallationCheck,
  problem,
  warning,
} from './installation-check.js';

const DAY_MS = 86_400_000;
const DAYS = 30;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates that the configuration names files of. */
export const tlsFileChecks: readonly InstallationCheck[] = [
  {
    id: 'tls-file-expires',
    about: `The certificates of files are valid for ${DAYS} days more`,
    fix: 'Put newer ones in their place, then `meshwright reload` (tls.https, tls.grpc, tls.internal_rpc) or restart (state.etcd).',
    run: (context) => lookAtFiles(context, expiry),
  },
  {
    id: 'tls-key-mismatch',
    about: 'The private keys of files belong to their certificates',
    fix: 'Give the key file that was made together with the certificate.',
    run: (context) => lookAtFiles(context, keyFit),
  },
  {
    id: 'tls-chain',
    about:
      'The certificates of a file sign each other in their order, and the last one is signed by an authority of ca_file',
    fix: 'Put the certificate first, then each authority that signed the one before; ca_file holds the root. Another authority is right where others trust it.',
    run: (context) => lookAtFiles(context, chain),
  },
];

type Look = (files: ConfiguredTlsFiles, nowMs: number) => Finding;

/** The worst of what is found, with all that is. */
async function lookAtFiles({ configuration, nowMs }: CheckContext, look: Look): Promise<Finding> {
  const configured = await configuration();
  if (!configured) return UNNAMED;
  const found = configured.tlsFiles.map((files) => attempt(() => look(files, nowMs())));
  const says = found.flatMap((one) => ('says' in one ? [one.says] : [])).join('; ');
  if (found.some(({ state }) => state === 'problem')) return problem(says);
  return says === '' ? fine : warning(says);
}

function attempt(look: () => Finding): Finding {
  try {
    return look();
  } catch (thrown) {
    return problem((thrown as Error).message);
  }
}

function expiry(files: ConfiguredTlsFiles, nowMs: number): Finding {
  const all = [...certificates(files.certFile), ...(files.caFile === '' ? [] : certificates(files.caFile))];
  const first = Math.min(...all.map(({ validTo }) => Date.parse(validTo)));
  const young = all.find(({ validFrom }) => Date.parse(validFrom) > nowMs);
  if (young) return problem(`${files.option}: valid only from ${young.validFrom}`);
  if (first <= nowMs) return problem(`${files.option}: ended at ${new Date(first).toISOString()}`);
  return first - nowMs < DAYS * DAY_MS ? warning(`${files.option}: ends at ${new Date(first).toISOString()}`) : fine;
}

function keyFit({ option, certFile, keyFile }: ConfiguredTlsFiles): Finding {
  if (keyFile === '') return problem(`${option}: there is a cert_file, and no key_file`);
  const [leaf] = certificates(certFile) as [X509Certificate];
  const text = readFileSync(keyFile);
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(text);
  } catch {
    return problem(`${option}: ${keyFile} holds no private key in PEM`);
  }
  return leaf.checkPrivateKey(key) ? fine : problem(`${option}: ${keyFile} is not the key of ${certFile}`);
}

function chain({ option, certFile, caFile }: ConfiguredTlsFiles): Finding {
  const all = certificates(certFile);
  for (const [at, certificate] of all.entries()) {
    const next = all[at + 1];
    if (next && !isSignedBy(certificate, next))
      return problem(`${option}: certificate ${at + 1} of ${certFile} is not signed by the one after it`);
  }
  const last = all.at(-1);
  if (caFile === '' || !last) return fine;
  const authorities = certificates(caFile);
  const isKnown = authorities.some((each) => each.fingerprint256 === last.fingerprint256 || isSignedBy(last, each));
  return isKnown ? fine : warning(`${option}: ${certFile} is not signed by an authority of ${caFile}`);
}

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** All of a file, at least one. Throws with the name of a file that cannot be read or holds none. */
function certificates(path: string): readonly X509Certificate[] {
  const found = readFileSync(path, 'utf8').match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new Error(`${path} holds no certificate in PEM`);
  try {
    return found.map((text) => new X509Certificate(text));
  } catch {
    throw new Error(`${path} holds a certificate that cannot be read`);
  }
}
