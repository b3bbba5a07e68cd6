import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { KonvergeError } from '../../../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import { abortable, type Connection, request } from './connection.ts';
import { failureOf } from './errors.ts';

/** Does `work`; if the bucket is missing makes it, as Snakemake's S3 plugin does, and does the work again. */
export async function makingBucket<Result>(
  connection: Connection,
  at: ObjectLocation,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KonvergeError) || error.code !== 'bucket-missing') throw error;
    await makeBucket(connection, at, signal);
    return work();
  }
}

async function makeBucket(connection: Connection, at: ObjectLocation, signal: AbortSignal | undefined): Promise<void> {
  const { client } = connection;
  const bucket: ObjectLocation = { ...at, key: '' };
  const region = await client.config.region();
  // AWS refuses to be told the region that is its default.
  const place =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } };
  try {
    await request(connection, { operation: 'make the bucket', at: bucket, signal }, async () => {
      try {
        await client.send(new CreateBucketCommand({ Bucket: at.bucket, ...place }), abortable(signal));
      } catch (error) {
        // Somebody was faster.
        if (failureOf(error).name !== 'BucketAlreadyOwnedByYou' && failureOf(error).name !== 'BucketAlreadyExists')
          throw error;
      }
    });
  } catch (error) {
    if (!(error instanceof KonvergeError)) throw error;
    const message = `there is no bucket ${at.bucket} for ${describeLocation(at)}, and ${error.message}`;
    throw new KonvergeError('bucket-missing', message, { cause: error });
  }
}
