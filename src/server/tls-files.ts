/**
 * Certificates and keys, looked through before a connection needs them. Node takes an empty file for none: a server without a
 * certificate, and in place of the clients' authorities every one that browsers know.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { FeedError } from "../base/errors.ts";
import { exposureOf } from "../base/exposed.ts";
import { readSmallFile } from "../base/small-file.ts";
import { messageOf } from "../base/system-error.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate that one of these has signed. */
  readonly clientCa?: string | undefined;
}

interface TlsOptions extends SecureContextOptions {
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
}

/**
 * @param warn gets a sentence if others can read the key
 * @throws FeedError `BAD_TLS`
 */
export function tlsOptions(
  { cert, key, clientCa }: TlsFiles,
  warn: (text: string) => void = () => {},
): TlsOptions {
  const chain = readTls(cert);
  const [own] = certificatesIn(cert, chain);
  const keyText = readTls(key);
  if (!own!.checkPrivateKey(keyIn(key, keyText)))
    throw badTls(key, `the key of the certificate ${cert}`, "another");
  const warning = exposureOf(key, "the key");
  if (warning !== undefined) warn(warning);
  const options = { cert: chain, key: keyText, minVersion: "TLSv1.2" } as const;
  if (clientCa === undefined) return options;
  const ca = readTls(clientCa);
  certificatesIn(clientCa, ca);
  return { ...options, ca, requestCert: true, rejectUnauthorized: true };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/** All certificates of a file, of which there is one at least. */
function certificatesIn(path: string, text: string): readonly X509Certificate[] {
  const expected = "certificates in PEM";
  const found = text.match(CERTIFICATE);
  if (found === null) throw badTls(path, expected, "a file without");
  try {
    return found.map((one) => new X509Certificate(one));
  } catch (error) {
    throw badTls(path, expected, messageOf(error), error);
  }
}

function keyIn(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw badTls(path, "a private key in PEM, without a passphrase", messageOf(error), error);
  }
}

function readTls(path: string): string {
  try {
    return readSmallFile(path);
  } catch (error) {
    throw badTls(path, "a file that can be read", messageOf(error), error);
  }
}

function badTls(path: string, expected: string, got: string, cause?: unknown): FeedError {
  return new FeedError("BAD_TLS", `TLS: ${path}: expected ${expected}, got ${got}`, 500, { cause });
}
