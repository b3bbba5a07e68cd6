import type { S3Settings } from '../../../domain/object-location.ts';
import { makeClient } from './client.ts';
import { defaultPatience } from './patience.ts';

/** See registry.ts. A machine without credentials is no error: another one may have a role of its own. */
export async function resolveS3Settings(settings: S3Settings): Promise<S3Settings> {
  if (settings.credentials !== undefined && settings.region !== undefined) return settings;
  const client = makeClient(settings, defaultPatience, process.env);
  try {
    const credentials = settings.credentials ?? (await client.config.credentials().catch(() => undefined));
    const region = settings.region ?? (await client.config.region().catch(() => undefined));
    if (credentials === undefined) return { ...settings, ...(region !== undefined && { region }) };
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    return {
      ...settings,
      ...(region !== undefined && { region }),
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    };
  } finally {
    client.destroy();
  }
}
