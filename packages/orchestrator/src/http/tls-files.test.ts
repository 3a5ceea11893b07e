import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCert, testKey } from './testing-tls.ts';
import { readTlsFiles } from './tls-files.ts';

const validFrom = new X509Certificate(testCert).validFromDate.getTime();
const DAY = 86_400_000;
const now = validFrom + DAY;
let folder = '';
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tls-'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe('certificate and key', () => {
  it('that belong together are taken', () => {
    const pair = readTlsFiles(file('cert.pem', testCert), file('key.pem', testKey), now);
    expect(pair).toEqual({ cert: testCert, key: testKey });
  });

  it('are refused with what is wrong', () => {
    const cert = file('cert.pem', testCert);
    const key = file('key.pem', testKey);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const other = file('other.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const cases: [string, string, number, RegExp][] = [
      [join(folder, 'absent.pem'), key, now, /absent\.pem can't be read/],
      [key, key, now, /is no certificate/],
      [cert, cert, now, /is no private key/],
      [cert, other, now, /other\.pem is not the key of .*cert\.pem/],
      [cert, key, now + 40_000 * DAY, /expired on /],
      [cert, key, validFrom - DAY, /is valid from .* on/],
    ];
    for (const [certFile, keyFile, at, expected] of cases)
      expect(() => readTlsFiles(certFile, keyFile, at)).toThrow(
        expect.objectContaining({ code: 'TLS_FILES', message: expect.stringMatching(expected) }),
      );
  });
});
