import { existsSync, readFileSync } from 'node:fs';
import { type ImageName, referenceOf } from '../../images/recipe.ts';
import { optionalImages } from '../../images/registry.ts';
import { s3 } from '../../test/testbed/addresses.ts';
import { tryCommand } from '../../test/testbed/command.ts';
import { defaultOptions, type Options } from '../../test/testbed/options.ts';
import { containerdSocket, placeOf } from '../../test/testbed/place.ts';
import { Stop } from '../../tools/setup/stop.mjs';

/** Where the cluster that `npm run testbed -- up` makes has its files. */
export const testbedPlace = placeOf(process.env);

/** What every bench on it has in common. */
export const testbed = {
  image: referenceOf('apps'),
  bucket: s3.bucket,
  store: {
    kind: 's3',
    endpointUrl: s3.endpoint,
    region: 'us-east-1',
    pathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  },
} as const;

/** Throws, with the line that makes it, unless the testbed runs, writes an audit log and has these images. */
export async function requireTestbed(images: readonly ImageName[] = []): Promise<void> {
  const missing = await missingIn(['apps', 'agent', ...images]);
  if (missing === undefined) return;
  const wanted = optionalImages.filter((name) => images.includes(name) || optionsNow().images.includes(name));
  const more = wanted.length === 0 ? '' : ` --images ${wanted.join(',')}`;
  throw new Stop(`${missing}; first run: npm run testbed -- up --audit${more}`);
}

async function missingIn(images: readonly ImageName[]): Promise<string | undefined> {
  const list = ['ctr', '-a', containerdSocket, '-n', 'k8s.io', 'images', 'ls', '-q'];
  const listed = await tryCommand(list, { timeoutMs: 20_000 });
  if (listed.code !== 0 || !existsSync(testbedPlace.kubeconfig)) return 'no testbed runs on this machine';
  if (!optionsNow().audit || !existsSync(testbedPlace.auditLog)) return 'the testbed writes no audit log';
  const there = new Set(listed.stdout.split('\n'));
  const absent = images.filter((name) => !there.has(referenceOf(name)));
  return absent.length === 0 ? undefined : `the testbed lacks the images ${absent.join(', ')}`;
}

/** Those of the `up` before, which the next one keeps unless it is told otherwise; a list of images replaces the former one. */
function optionsNow(): Options {
  try {
    return { ...defaultOptions, ...(JSON.parse(readFileSync(testbedPlace.options, 'utf8')) as Partial<Options>) };
  } catch {
    return defaultOptions;
  }
}
