/** Certificate and key as files: read and tried before anything listens. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { TlsFilesError } from './errors.ts';
import type { TlsPair } from './server.ts';

const renew = 'Renew the certificate, then start again.';
const name = 'Name the PEM files of one certificate and its key with --tls-cert and --tls-key.';

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TlsFilesError({ why: `${what} ${file} can't be read (${(cause as Error).message})`, mend: name, cause });
  }
}

function attempt<T>(why: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new TlsFilesError({ why: `${why} (${(cause as Error).message})`, mend: name, cause });
  }
}

/** @param now milliseconds since 1970. @throws TlsFilesError */
export function readTlsFiles(certFile: string, keyFile: string, now: number): TlsPair {
  const cert = read(certFile, 'the certificate');
  const key = read(keyFile, 'the key');
  const certificate = attempt(`${certFile} is no certificate`, () => new X509Certificate(cert));
  const privateKey = attempt(`${keyFile} is no private key`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new TlsFilesError({ why: `${keyFile} is not the key of ${certFile}`, mend: name });
  if (certificate.validToDate.getTime() <= now)
    throw new TlsFilesError({ why: `${certFile} expired on ${certificate.validTo}`, mend: renew });
  if (certificate.validFromDate.getTime() > now)
    throw new TlsFilesError({
      why: `${certFile} is valid from ${certificate.validFrom} on`,
      mend: "Check this machine's clock, or wait.",
    });
  attempt(`${certFile} and ${keyFile} can't be used together`, () => createSecureContext({ cert, key }));
  return { cert, key };
}
