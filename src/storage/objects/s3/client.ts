import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { certificatesVariable, type S3Settings } from '../../../domain/object-location.ts';
import type { ObjectStoreOptions } from '../options.ts';
import type { Patience } from './patience.ts';

/** Connections to one store; more requests than this wait until one is free. */
const maxSockets = 64;

type Environment = NonNullable<ObjectStoreOptions['environment']>;

/**
 * The client of a store. It tries each request once, since patience.ts repeats them, and leaves checksums to us: those that
 * the client adds by itself since 2025 make many stores other than AWS refuse the request.
 */
export function makeClient(settings: S3Settings, patience: Patience, environment: Environment): S3Client {
  const { endpointUrl, pathStyle = endpointUrl !== undefined, credentials } = settings;
  const region = settings.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    // A pause before each part that only helps where the store refuses it, which is rare.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      ...agents(environment),
      connectionTimeout: patience.connectMs,
      socketTimeout: patience.silenceMs,
    },
    ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
    ...(credentials !== undefined && { credentials }),
    // Other stores than AWS mostly do not care. Nobody has to name a region for AWS: it answers with the right one.
    ...(region !== undefined || endpointUrl !== undefined
      ? { region: region ?? 'us-east-1' }
      : { followRegionRedirects: true }),
    // Its warnings go to the console otherwise.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  };
  const client = new S3Client(config);
  // It prepares each request and answer to be logged, for nobody.
  client.middlewareStack.remove('loggerMiddleware');
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        // Our own CRC-32 is among the signed headers, so hashing all bytes with SHA-256 for the signature adds nothing.
        if (bodies.has(commandName)) headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
        return next(args);
      },
    { step: 'build', name: 'unsignedPayload' },
  );
  return client;
}

const bodies = new Set(['PutObjectCommand', 'UploadPartCommand']);

function agents(environment: Environment): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const options = { keepAlive: true, maxSockets, proxyEnv: environment };
  const bundle = environment['AWS_CA_BUNDLE'];
  // A file of this machine, or on another one what was in it.
  const own = bundle ? readFileSync(bundle, 'utf8') : environment[certificatesVariable];
  const ca = own ? [...rootCertificates, own] : undefined;
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent({ ...options, ...(ca && { ca }) }) };
}

function ignore(): void {
  // What matters comes as an error.
}
